-- Grain: submission_id × sheet × row_number × column_name. Every cell of every return that may be published, protected, of
-- every submission that was public at a time: the latest where `is_latest`. What people wrote in their own words is not here,
-- nor is progress against a reduction plan.
with
cells as (
    select
        *,
        case when type = 'choice' then value end as choice_key,
        case when type = 'area' then value end as named_area_code
    from {{ ref('int_return_cells_protected') }}
    where type <> 'constant' and type <> 'narrative' and (type <> 'text' or is_grain)
),

labels as (
    select
        return_key,
        template_version,
        sheet,
        column_name,
        choice_key,
        label_en,
        label_cy
    from {{ ref('stg_returns__choices') }}
),

-- the columns of a row of which others in it are parts
wholes as (
    select distinct
        submission_id,
        sheet,
        row_number,
        adds_to_role as role
    from cells
    where adds_to_role is not null
)

select
    submissions.return_key,
    cells.submission_id,
    submissions.submission_version,
    submissions.template_version,
    submissions.area_code,
    submissions.area_version_key,
    submissions.area_name_en,
    submissions.area_name_cy,
    submissions.period_key,
    submissions.period_start,
    submissions.period_end,
    cells.sheet,
    cells.feed,
    cells.row_number,
    cells.row_key,
    cells.row_area_code,
    cells.column_name,
    cells.role,
    cells.heading_en,
    cells.heading_cy,
    cells.type as value_type,
    cells.unit,
    cells.value_number as value,
    cells.value_gbp,
    cells.value as value_text,
    coalesce(labels.label_en, areas.area_name_en) as value_label_en,
    coalesce(labels.label_cy, areas.area_name_cy) as value_label_cy,
    cells.value_status,
    case when cells.is_disclosive then cast(5 as bigint) end as rounding_base,
    submissions.known_to is null as is_latest,
    wholes.role is not null as is_total,
    cells.adds_to_role as adds_to,
    case when wholes.role is not null then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    submissions.source_key || '.' || cells.role as series_id,
    submissions.source_key,
    submissions.public_from as known_from,
    submissions.public_to as known_to,
    submissions.accepted_at as loaded_at,
    submissions.audience,
    submissions.release_at,
    submissions.is_synthetic
from cells
inner join {{ ref('int_return_submissions') }} as submissions on cells.submission_id = submissions.submission_id
left join wholes
    on
        cells.submission_id = wholes.submission_id
        and cells.sheet = wholes.sheet
        and cells.row_number = wholes.row_number
        and cells.role = wholes.role
left join labels
    on
        cells.return_key = labels.return_key
        and cells.template_version = labels.template_version
        and cells.sheet = labels.sheet
        and cells.column_name = labels.column_name
        and cells.choice_key = labels.choice_key
left join {{ ref('int_area_versions') }} as areas
    on
        cells.named_area_code = areas.area_code
        and submissions.period_end >= areas.applies_from
        and submissions.period_end < areas.applies_to
