{#
    Staging of one StatsWales dataset: its raw rows in every vintage in which they stood, typed and keyed.

    What a row says is looked up, not worked out row by row: each column has few different spellings, so those are
    resolved once and joined back. A spelling that nobody knows leaves a NULL key, which a test on the model refuses.

    Arguments:
        dataset: the registry key, which says what the columns and members mean.
        export: FALSE for what the service gives (`lake.raw_<dataset>`); TRUE for old exports that were imported by file
            (`lake.raw_statswales_export_<dataset>`), a source of their own with the same meanings.
        breakdowns: roles that are breakdown columns of the source.
        ages: those of them that hold ages in the publisher's own wording (see the macro `age_key`).
        measure_breakdowns: breakdowns that the source hides in the data description.
#}
{% macro stage_statswales(dataset, export=false, breakdowns=[], ages=[], measure_breakdowns=[]) -%}
{%- set source_key = ('statswales_export_' if export else '') ~ dataset -%}
{%- set keys = (breakdowns + measure_breakdowns) | sort -%}
with raw as (
    select * from {{ source('lake', 'raw_' ~ source_key) }}
),

vintages as (
    select * from {{ ref('stg_lake__vintages') }} where source_key = '{{ source_key }}'
),

members as (
    select * from {{ source('lake', 'registry_members') }} where source_key = '{{ dataset }}'
),

period_kinds as (
    select period_kind
    from {{ source('lake', 'registry_columns') }}
    where source_key = '{{ dataset }}' and kind = 'period'
),

measures as (
    {{ known_members('measure') }}
),

{% for key in measure_breakdowns -%}
{{ key }}_read as (
    select
        label,
        code,
        {{ extract('breakdown', '(?:^|; )' ~ key ~ '=([^;]*)') }} as member_key,
        coalesce({{ extract('breakdown', '(?:^|; )' ~ key ~ '=([^;]*)') }} = 'all', false) as is_total,
        false as is_band
    from measures
),

{% endfor -%}
{% for role in breakdowns -%}
{{ role }}_read as (
    {{ age_members(role) if role in ages else known_members(role) }}
),

{% endfor -%}
{% for key in keys -%}
{{ key }}_members as (
    -- a column that only ever says "all" breaks nothing down: its total is the whole of nothing
    select
        label,
        code,
        member_key,
        is_total,
        (is_total or is_band)
        and max(case when not is_total and not is_band and member_key is not null then 1 else 0 end) over () = 1
            as is_whole
    from {{ key }}_read
),

{% endfor -%}
areas as (
    select
        spelled.label,
        spelled.code,
        coalesce(by_code.area_code, by_label.area_code) as area_code
    from (select distinct area as label, area_code as code from raw) as spelled
    left join {{ ref('area_aliases') }} as by_code on by_code.alias = {{ fold('spelled.code') }}
    left join {{ ref('area_aliases') }} as by_label on by_label.alias = {{ fold('spelled.label') }}
),

spelled_periods as (
    select spelled.label, spelled.code, spelled.sort, period_kinds.period_kind
    from (select distinct period as label, period_code as code, period_sort as sort from raw) as spelled
    cross join period_kinds
),

periods as (
    {{ parse_period_ends('spelled_periods') }}
),

cells as (
    select
        vintages.source_key,
        vintages.load_id,
        vintages.vintage_no,
        vintages.known_from,
        vintages.landed_at,
        vintages.is_synthetic,
        measures.member_key as measure_member,
        measures.measure_key,
        areas.area_code,
        areas.label as area_label,
        periods.period_kind,
        periods.period_end,
        periods.label as period_label,
        {%- for key in keys %}
        {{ key }}_members.member_key as {{ key }},
        {{ key }}_members.is_total as {{ key }}_is_total,
        {%- endfor %}
        {% for key in keys %}coalesce({{ key }}_members.is_whole, false){{ ' or ' if not loop.last }}{% else %}false{% endfor %} as is_whole,
        raw.value as value_text,
        raw.note_codes,
        raw._source_row as source_row,
        raw._landed_sha256 as landed_sha256
    from raw
    inner join vintages on raw._load_id = vintages.load_id
    left join measures
        on raw.measure is not distinct from measures.label and raw.measure_code is not distinct from measures.code
    left join areas on raw.area is not distinct from areas.label and raw.area_code is not distinct from areas.code
    left join periods
        on raw.period is not distinct from periods.label
            and raw.period_code is not distinct from periods.code
            and raw.period_sort is not distinct from periods.sort
    {%- for key in measure_breakdowns %}
    left join {{ key }}_members
        on raw.measure is not distinct from {{ key }}_members.label
            and raw.measure_code is not distinct from {{ key }}_members.code
    {%- endfor %}
    {%- for role in breakdowns %}
    left join {{ role }}_members
        on raw.{{ role }} is not distinct from {{ role }}_members.label
            and raw.{{ role }}_code is not distinct from {{ role }}_members.code
    {%- endfor %}
)

select
    source_key,
    load_id,
    vintage_no,
    known_from,
    landed_at,
    is_synthetic,
    measure_member,
    measure_key,
    area_code,
    area_label,
    period_kind,
    period_end,
    period_label,
    {%- for key in keys %}
    {{ key }},
    {%- endfor %}
    {{ breakdown_text(keys) }} as breakdown,
    is_whole,
    value_text,
    case when status = 'reported' then {{ to_number('value_text') }} end as value,
    status as value_status,
    {{ revision_status('note_codes') }} as revision_status,
    note_codes,
    source_row,
    landed_sha256
from (select *, {{ value_status('value_text', 'note_codes') }} as status from cells) as judged
{%- endmacro %}

{# Each spelling of a column's members, with the registry's key for it: by label first, else by code. #}
{% macro known_members(role) -%}
    select
        spelled.label,
        spelled.code,
        coalesce(by_label.member_key, by_code.member_key) as member_key,
        coalesce(by_label.measure_key, by_code.measure_key) as measure_key,
        coalesce(by_label.breakdown, by_code.breakdown) as breakdown,
        coalesce(by_label.is_total, by_code.is_total, false) as is_total,
        false as is_band
    from (select distinct {{ role }} as label, {{ role }}_code as code from raw) as spelled
    left join members as by_label on by_label.role = '{{ role }}' and by_label.match_text = {{ fold('spelled.label') }}
    left join members as by_code
        on by_code.role = '{{ role }}' and by_code.match_text = {{ fold('spelled.code') }} and by_label.member_key is null
{%- endmacro %}

{#
    Each spelling of an age column. A band is no total, but its single years stand beside it: it is a whole as well.
    An open band is a part where it begins after the last single year (90 and over beside 0 to 89), else a whole
    (65 and over).
#}
{% macro age_members(role) -%}
    select
        label,
        code,
        member_key,
        member_key = 'all' as is_total,
        member_key <> 'all' and single_year is null and coalesce(open_from <= max(single_year) over (), open_from is null)
            as is_band
    from (
        select
            label,
            code,
            member_key,
            cast({{ extract('member_key', '^(\\d+)$') }} as integer) as single_year,
            cast({{ extract('member_key', '^(\\d+)_and_over$') }} as integer) as open_from
        from (
            select label, code, coalesce(member_key, {{ age_key('text') }}) as member_key
            from (
                select label, code, member_key, {{ member_text("coalesce(nullif(trim(label), ''), code)") }} as text
                from ({{ known_members(role) }}) as registered
            ) as folded
        ) as keyed
    ) as measured
{%- endmacro %}

{#
    Breakdowns of a row as readable text: `age_group=under_1; gender=female`, keys in alphabetical order, those left out
    whose member is the total; `all` where nothing is left.
#}
{% macro breakdown_text(keys) -%}
    {%- if not keys -%}
    'all'
    {%- else -%}
    coalesce(nullif(concat_ws(
        '; '
        {%- for key in keys | sort %},
        case when not coalesce({{ key }}_is_total, false) then '{{ key }}=' || coalesce({{ key }}, 'unknown') end
        {%- endfor %}
    ), ''), 'all')
    {%- endif -%}
{%- endmacro %}
