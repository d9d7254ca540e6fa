-- Grain: milestone_key. By how much a date moved, or was missed, worked out from the dates. Dates in documents are loose,
-- so there are two bounds; a delay that a document states without dates comes from its figure.
with
figures as (
    select
        figure_id,
        value,
        unit,
        qualifier,
        document_key,
        known_from
    from {{ ref('int_document_figures') }}
),

documents as (
    select
        document_key,
        cast(known_from as timestamp) as known_from
    from {{ ref('documents') }}
),

measured as (
    select
        milestones.*,
        figures.value as delay_value,
        figures.unit as delay_unit,
        figures.qualifier as delay_qualifier,
        -- the least: from the last day that was first said to the first day that it moved to
        case
            when figures.figure_id is null
                then {{ days_between('milestones.original_latest', 'milestones.revised_earliest') }}
            when figures.qualifier in ('exact', 'over', 'at least')
                then floor({{ days_in_span('figures.value', 'figures.unit', 'least') }})
        end as least,
        -- the most: from the first day that was first said to the last day that it moved to
        case
            when figures.figure_id is null
                then {{ days_between('milestones.original_earliest', 'milestones.revised_latest') }}
            when figures.qualifier in ('exact', 'nearly', 'up to')
                then ceil({{ days_in_span('figures.value', 'figures.unit', 'most') }})
        end as most,
        {{ latest_of(["original_in.known_from", "revised_in.known_from", "figures.known_from"]) }} as known_from
    from {{ ref('commitment_milestones') }} as milestones
    left join figures on milestones.delay_figure_id = figures.figure_id
    left join documents as original_in on milestones.original_document_key = original_in.document_key
    left join documents as revised_in on milestones.revised_document_key = revised_in.document_key
),

bounded as (
    select
        measured.*,
        cast(measured.least as bigint) as slip_days_min,
        cast(measured.most as bigint) as slip_days_max
    from measured
)

select
    milestone_key,
    commitment_key,
    title_en,
    title_cy,
    part_of_key,
    original_due_text_en as original_due_text,
    original_due_text_en,
    original_due_text_cy,
    revised_due_text_en as revised_due_text,
    revised_due_text_en,
    revised_due_text_cy,
    original_earliest,
    original_latest,
    revised_earliest,
    revised_latest,
    revised_kind,
    case revised_kind when 'due' then 'New due date' else 'Day it was done' end as revised_kind_en,
    case revised_kind when 'due' then 'Dyddiad dyledus newydd' else 'Diwrnod ei wneud' end as revised_kind_cy,
    slip_days_min,
    case when slip_days_min is null then 'not_available' else 'derived' end as slip_days_min_status,
    slip_days_max,
    case when slip_days_max is null then 'not_available' else 'derived' end as slip_days_max_status,
    case
        when delay_value = round(delay_value, 0) and delay_unit in ('years', 'months', 'weeks', 'days') and delay_qualifier = 'exact'
            then {{ span_in_words('delay_value', 'delay_unit', 'en') }} || ' late, as the document says.'
        else {{ slip_in_words('revised_kind', 'slip_days_min', 'slip_days_max', 'en') }}
    end as slip_text_en,
    case
        when delay_value = round(delay_value, 0) and delay_unit in ('years', 'months', 'weeks', 'days') and delay_qualifier = 'exact'
            then {{ span_in_words('delay_value', 'delay_unit', 'cy') }} || ' yn hwyr, yn ôl y ddogfen.'
        else {{ slip_in_words('revised_kind', 'slip_days_min', 'slip_days_max', 'cy') }}
    end as slip_text_cy,
    delay_figure_id as figure_id,
    original_document_key as original_source_key,
    original_seed_line,
    revised_document_key as source_key,
    revised_seed_line as seed_line,
    known_from,
    cast(null as timestamp) as known_to,
    known_from as loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    'public' as audience,
    known_from as release_at,
    false as is_synthetic
from bounded
