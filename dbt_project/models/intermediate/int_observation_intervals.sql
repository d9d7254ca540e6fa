-- One row a change of a cell's value, status or notes, with the half-open interval in which that was what was known.
-- Gaps and islands over the source's vintages: a cell that is gone closes its interval at the moment at which the
-- first vintage without it became known, one that comes back opens a new one, and an unchanged vintage adds nothing.
--
-- Most cells say one thing in every vintage from their first on. So what each cell said is gathered first, by whole
-- numbers (`cell_no`) and without sorting, and only a statement with a gap in its vintages is looked at one by one.
{%- set statement = ['source_key', 'cell_no', 'value', 'value_status', 'note_codes'] %}

{#- Written where it is read, not named once: a relation that is read twice under one name is copied whole first. #}
{%- set observed %}
    (
        select
            observations.*,
            vintages.vintage_position
        from {{ ref('int_observations') }} as observations
        inner join {{ ref('int_vintages') }} as vintages
            on observations.source_key = vintages.source_key
                and observations.vintage_scope = vintages.vintage_scope
                and observations.vintage_no = vintages.vintage_no
    ) as observed
{%- endset %}

with statements as (
    select
        {{ statement | join(', ') }},
        -- these follow from the cell and the notes: one value a group
        any_value(vintage_scope) as vintage_scope,
        any_value(measure_key) as measure_key,
        any_value(area_code) as area_code,
        any_value(period_kind) as period_kind,
        any_value(period_end) as period_end,
        any_value(breakdown) as breakdown,
        any_value(is_whole) as is_whole,
        any_value(revision_status) as revision_status,
        min(vintage_position) as first_position,
        max(vintage_position) as last_position,
        {{ value_at_least('source_row', 'vintage_position') }} as source_row,
        count(*) = max(vintage_position) - min(vintage_position) + 1 as is_unbroken
    from {{ observed }}
    group by {{ statement | join(', ') }}
),

broken as (
    select * from statements
    where not is_unbroken
),

numbered as (
    select
        observed.vintage_position,
        observed.source_row,
        {%- for column in statement %}
            broken.{{ column }},
        {%- endfor %}
        observed.vintage_position - row_number() over (
            partition by broken.{{ statement | join(', broken.') }}
            order by observed.vintage_position
        ) as island
    from {{ observed }}
    inner join broken
        on
            observed.source_key = broken.source_key
            and observed.cell_no = broken.cell_no
            and observed.value is not distinct from broken.value
            and observed.value_status = broken.value_status
            and observed.note_codes is not distinct from broken.note_codes
),

islands as (
    select
        {{ statement | join(', ') }},
        min(vintage_position) as first_position,
        max(vintage_position) as last_position,
        {{ value_at_least('source_row', 'vintage_position') }} as source_row
    from numbered
    group by {{ statement | join(', ') }}, island
),

intervals as (
    select * from statements
    where is_unbroken

    union all

    select
        {%- for column in statement %}
            broken.{{ column }},
        {%- endfor %}
        broken.vintage_scope,
        broken.measure_key,
        broken.area_code,
        broken.period_kind,
        broken.period_end,
        broken.breakdown,
        broken.is_whole,
        broken.revision_status,
        islands.first_position,
        islands.last_position,
        islands.source_row,
        true as is_unbroken
    from islands
    inner join broken
        on
            islands.source_key = broken.source_key
            and islands.cell_no = broken.cell_no
            and islands.value is not distinct from broken.value
            and islands.value_status = broken.value_status
            and islands.note_codes is not distinct from broken.note_codes
)

select
    intervals.source_key,
    intervals.measure_key,
    intervals.area_code,
    {{ period_key('intervals.period_kind', 'intervals.period_end') }} as period_key,
    intervals.period_kind,
    {{ period_start('intervals.period_kind', 'intervals.period_end') }} as period_start,
    intervals.period_end,
    intervals.breakdown,
    intervals.is_whole,
    opened.known_from,
    closed.known_to,
    closed.known_to is null as is_latest,
    intervals.value,
    intervals.value_status,
    intervals.revision_status,
    intervals.note_codes,
    measures.measure_version_key,
    measures.series_id,
    opened.vintage_no,
    opened.landed_at as loaded_at,
    opened.load_id,
    opened.landed_sha256,
    intervals.source_row,
    opened.is_synthetic
from intervals
inner join {{ ref('int_vintages') }} as opened
    on
        intervals.source_key = opened.source_key
        and intervals.vintage_scope = opened.vintage_scope
        and intervals.first_position = opened.vintage_position
inner join {{ ref('int_vintages') }} as closed
    on
        intervals.source_key = closed.source_key
        and intervals.vintage_scope = closed.vintage_scope
        and intervals.last_position = closed.vintage_position
left join {{ ref('int_measure_versions') }} as measures
    on
        intervals.measure_key = measures.measure_key
        and intervals.period_end >= measures.applies_from
        and intervals.period_end < measures.applies_to
