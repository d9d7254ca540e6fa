-- Grain: return_key. Every return, report, survey and collection that the documents mention, and whether the warehouse takes
-- it in: whether it has a template, and for which periods it is expected.
with
latest_specs as (
    select
        return_key,
        title_en,
        title_cy,
        row_number() over (partition by return_key order by template_version desc) as recency
    from {{ ref('stg_returns__specs') }}
),

-- period keys of one return are of one kind, so that their order as text is their order in time
expected as (
    select
        return_key,
        min(period_key) as first_expected_period,
        max(period_key) as last_expected_period
    from {{ ref('return_calendar') }}
    where status <> 'not_collected'
    group by return_key
),

basis_labels as (
    select
        code,
        label_en,
        label_cy
    from {{ ref('code_labels') }}
    where code_list = 'basis'
)

select
    register.return_key,
    register.name_en,
    register.name_cy,
    register.submitted_by_en,
    register.submitted_by_cy,
    register.submitted_to_en,
    register.submitted_to_cy,
    register.cadence,
    cadences.label_en as cadence_en,
    cadences.label_cy as cadence_cy,
    register.due_text_en,
    register.due_text_cy,
    register.level_en,
    register.level_cy,
    register.valid_from,
    register.valid_to,
    register.successor_key,
    -- a return may be followed by one that no document mentions and that the warehouse takes in
    coalesce(successors.name_en, successor_specs.title_en) as successor_name_en,
    coalesce(successors.name_cy, successor_specs.title_cy) as successor_name_cy,
    specs.return_key is not null as has_template,
    expected.first_expected_period,
    expected.last_expected_period,
    register.note_en,
    register.note_cy,
    register.basis,
    basis_labels.label_en as basis_en,
    basis_labels.label_cy as basis_cy,
    register.document_key as source_key,
    register.seed_file,
    register.seed_line,
    cast(documents.known_from as timestamp) as known_from,
    cast(null as timestamp) as known_to,
    cast(documents.known_from as timestamp) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    'public' as audience,
    cast(documents.known_from as timestamp) as release_at,
    false as is_synthetic
from {{ ref('documented_returns') }} as register
left join {{ ref('return_cadences') }} as cadences on register.cadence = cadences.cadence
left join basis_labels on register.basis = basis_labels.code
left join {{ ref('documents') }} as documents on register.document_key = documents.document_key
left join latest_specs as specs on register.return_key = specs.return_key and specs.recency = 1
left join expected on register.return_key = expected.return_key
left join {{ ref('documented_returns') }} as successors on register.successor_key = successors.return_key
left join latest_specs as successor_specs
    on register.successor_key = successor_specs.return_key and successor_specs.recency = 1
