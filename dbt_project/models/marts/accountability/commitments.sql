-- Grain: commitment_key. What was promised, recommended or asked, what its document says became of it, and what the
-- documents show: two columns, because they need not agree.
with
documents as (
    select
        document_key,
        cast(known_from as timestamp) as known_from
    from {{ ref('documents') }}
),

dated as (
    select
        register.*,
        -- a date that was set later stands in place of the first one
        coalesce(register.revised_due_earliest, register.revised_due_latest) is not null as is_revised,
        -- known when the last of its documents was; where none of them is held, on the day that its status is of
        coalesce(
            {{ latest_of(['stated_in.known_from', 'status_in.known_from', 'shown_in.known_from']) }},
            cast(register.status_date as timestamp)
        ) as known_from
    from {{ ref('commitment_register') }} as register
    left join documents as stated_in on register.document_key = stated_in.document_key
    left join documents as status_in on register.status_document_key = status_in.document_key
    left join documents as shown_in on register.evidence_document_key = shown_in.document_key
)

select
    dated.commitment_key,
    dated.source_body_key,
    sources.name_en as source_body,
    sources.name_en as source_body_en,
    sources.name_cy as source_body_cy,
    dated.commitment_kind,
    kinds.label_en as commitment_kind_en,
    kinds.label_cy as commitment_kind_cy,
    dated.text_en,
    dated.text_cy,
    dated.owner_key,
    owners.name_en as owner,
    owners.name_en as owner_en,
    owners.name_cy as owner_cy,
    dated.original_due_text_en as original_due_text,
    dated.original_due_text_en,
    dated.original_due_text_cy,
    dated.revised_due_text_en as revised_due_text,
    dated.revised_due_text_en,
    dated.revised_due_text_cy,
    case when dated.is_revised then dated.revised_due_earliest else dated.original_due_earliest end as due_earliest,
    case when dated.is_revised then dated.revised_due_latest else dated.original_due_latest end as due_latest,
    rules.due_rule,
    rules.label_en as due_rule_en,
    rules.label_cy as due_rule_cy,
    dated.original_due_earliest,
    dated.original_due_latest,
    dated.revised_due_earliest,
    dated.revised_due_latest,
    dated.status_stated,
    stated.label_en as status_stated_en,
    stated.label_cy as status_stated_cy,
    dated.status_stated_text_en,
    dated.status_stated_text_cy,
    dated.status_evidenced,
    evidenced.label_en as status_evidenced_en,
    evidenced.label_cy as status_evidenced_cy,
    dated.status_evidenced_note_en,
    dated.status_evidenced_note_cy,
    -- a status that is not stated, or not shown, neither agrees nor differs
    case
        when stated.says_how_it_stands and evidenced.says_how_it_stands
            then dated.status_stated = dated.status_evidenced
    end as statuses_agree,
    dated.status_date,
    dated.status_date_basis,
    dated.replaced_by_key,
    coalesce(dated.document_key, 'reference') as source_key,
    coalesce(dated.status_document_key, 'reference') as status_source_key,
    coalesce(dated.evidence_document_key, 'reference') as evidence_source_key,
    dated.seed_file,
    dated.seed_line,
    dated.known_from,
    cast(null as timestamp) as known_to,
    dated.known_from as loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    'public' as audience,
    dated.known_from as release_at,
    false as is_synthetic
from dated
left join {{ ref('commitment_bodies') }} as sources on dated.source_body_key = sources.body_key
left join {{ ref('commitment_bodies') }} as owners on dated.owner_key = owners.body_key
left join {{ ref('commitment_kinds') }} as kinds on dated.commitment_kind = kinds.commitment_kind
left join {{ ref('commitment_due_rules') }} as rules
    on case when dated.is_revised then dated.revised_due_rule else dated.original_due_rule end = rules.due_rule
left join {{ ref('commitment_statuses') }} as stated on dated.status_stated = stated.commitment_status
left join {{ ref('commitment_statuses') }} as evidenced on dated.status_evidenced = evidenced.commitment_status
