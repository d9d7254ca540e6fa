{#
    Which columns of a dataset are breakdowns, by registry key. To stage another dataset: a line here, a model of its
    spellings and a model of its rows.

        breakdowns: roles that are breakdown columns of the source.
        ages: those of them that hold ages in the publisher's own wording (see the macro `age_key`).
        measure_breakdowns: breakdowns that the source hides in the data description.
#}
{% macro statswales_shape(dataset) -%}
    {%- set shapes = {
        'children_looked_after_gender_age': {'breakdowns': ['age_group'], 'measure_breakdowns': ['gender']},
        'population_by_age': {'breakdowns': ['age', 'sex'], 'ages': ['age']},
    } -%}
    {{ return(shapes[dataset]) }}
{%- endmacro %}

{# Every role that together with the others names a cell. #}
{% macro statswales_roles(dataset) -%}
    {%- set shape = statswales_shape(dataset) -%}
    {{ return(['measure', 'area', 'period'] + (shape.get('measure_breakdowns', []) + shape.get('breakdowns', [])) | sort) }}
{%- endmacro %}

{# `export`: old exports of the dataset that were imported by file, a source of their own with the same meanings. #}
{% macro statswales_source_key(dataset, export) -%}
    {{ return(('statswales_export_' if export else '') ~ dataset) }}
{%- endmacro %}

{#
    Every spelling that stands in a dataset's rows, and what it means: one row a role and (label, code, sort). Columns
    have few different spellings, so those are resolved once, and rows join them. A spelling that nobody knows has
    NULL for its meaning, which a test on the staged rows refuses.
#}
{% macro statswales_spellings(dataset, export=false) -%}
{%- set shape = statswales_shape(dataset) -%}
{%- set breakdowns = shape.get('breakdowns', []) -%}
{%- set measure_breakdowns = shape.get('measure_breakdowns', []) -%}
{%- set raw = source('lake', 'raw_' ~ statswales_source_key(dataset, export)) -%}
with members as (
    select * from {{ source('lake', 'registry_members') }} where source_key = '{{ dataset }}'
),

measures as (
    {{ known_members(raw, 'measure') }}
),

breakdown_members as (
    {% for key in measure_breakdowns -%}
    select
        '{{ key }}' as role,
        label,
        code,
        {{ extract('breakdown', '(?:^|; )' ~ key ~ '=([^;]*)') }} as member_key,
        coalesce({{ extract('breakdown', '(?:^|; )' ~ key ~ '=([^;]*)') }} = 'all', false) as is_total,
        false as is_band
    from measures
    {{ 'union all' if not loop.last or breakdowns }}
    {% endfor -%}
    {% for role in breakdowns -%}
    select '{{ role }}' as role, label, code, member_key, is_total, is_band
    from (
        {{ age_members(raw, role) if role in shape.get('ages', []) else known_members(raw, role) }}
    ) as members_of_{{ role }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {% if not breakdowns and not measure_breakdowns -%}
    select 'none' as role, label, code, member_key, is_total, is_band from measures where false
    {% endif -%}
),

areas as (
    select
        spelled.label,
        spelled.code,
        coalesce(by_code.area_code, by_label.area_code) as area_code
    from (select distinct area as label, area_code as code from {{ raw }}) as spelled
    left join {{ ref('area_aliases') }} as by_code on by_code.alias = {{ fold('spelled.code') }}
    left join {{ ref('area_aliases') }} as by_label on by_label.alias = {{ fold('spelled.label') }}
),

spelled_periods as (
    select spelled.label, spelled.code, spelled.sort, kinds.period_kind
    from (select distinct period as label, period_code as code, period_sort as sort from {{ raw }}) as spelled
    cross join (
        select period_kind
        from {{ source('lake', 'registry_columns') }}
        where source_key = '{{ dataset }}' and kind = 'period'
    ) as kinds
),

meanings as (
    select
        'measure' as role,
        label,
        code,
        cast(null as {{ dbt.type_string() }}) as sort,
        member_key,
        measure_key,
        cast(null as {{ dbt.type_string() }}) as area_code,
        cast(null as {{ dbt.type_string() }}) as period_kind,
        cast(null as date) as period_end,
        is_total,
        false as is_whole,
        measure_key as meaning
    from measures

    union all

    select
        role,
        label,
        code,
        null,
        member_key,
        null,
        null,
        null,
        null,
        is_total,
        -- a column that only ever says "all" breaks nothing down: its total is the whole of nothing
        (is_total or is_band)
        and max(case when not is_total and not is_band and member_key is not null then 1 else 0 end)
            over (partition by role) = 1,
        member_key
    from breakdown_members

    union all

    select 'area', label, code, null, null, null, area_code, null, null, false, false, area_code
    from areas

    union all

    select
        'period', label, code, sort, null, null, null, period_kind, period_end, false, false,
        cast(period_end as {{ dbt.type_string() }})
    from ({{ parse_period_ends('spelled_periods') }}) as periods
),

numbered as (
    select
        *,
        dense_rank() over (partition by role order by coalesce(meaning, '')) - 1 as meaning_no
    from meanings
),

sizes as (
    select
        {%- for role in statswales_roles(dataset) %}
        max(case when role = '{{ role }}' then meaning_no end) + 1 as {{ role }}_size{{ ',' if not loop.last }}
        {%- endfor %}
    from numbered
)

select
    numbered.role,
    numbered.label,
    numbered.code,
    numbered.sort,
    numbered.member_key,
    numbered.measure_key,
    numbered.area_code,
    numbered.period_kind,
    numbered.period_end,
    numbered.is_total,
    numbered.is_whole,
    -- this member's part of readable breakdown text
    case
        when numbered.role not in ('measure', 'area', 'period') and not numbered.is_total
            then numbered.role || '=' || coalesce(numbered.member_key, 'unknown')
    end as breakdown,
    -- a number for each meaning, so made that the sum over a row's roles numbers its cell
    numbered.meaning_no * case numbered.role
        {%- for role in statswales_roles(dataset) %}
        when '{{ role }}' then cast(1 as bigint)
            {%- for smaller in statswales_roles(dataset)[:loop.index0] %} * sizes.{{ smaller }}_size{% endfor %}
        {%- endfor %}
    end as cell_place
from numbered
cross join sizes
{%- endmacro %}

{# Staging of one dataset: its raw rows in every vintage in which they stood, typed and keyed. #}
{% macro stage_statswales(dataset, spellings, export=false) -%}
{%- set shape = statswales_shape(dataset) -%}
{%- set source_key = statswales_source_key(dataset, export) -%}
{%- set roles = {} -%}
{%- for key in shape.get('measure_breakdowns', []) -%}{%- do roles.update({key: 'measure'}) -%}{%- endfor -%}
{%- for key in shape.get('breakdowns', []) -%}{%- do roles.update({key: key}) -%}{%- endfor -%}
{%- set keys = roles.keys() | sort -%}
with spellings as (
    select * from {{ spellings }}
),

vintages as (
    select * from {{ ref('stg_lake__vintages') }} where source_key = '{{ source_key }}'
),

-- what depends on the cell alone is worked out before anything is joined: there are few different texts
rows_read as (
    select
        *,
        {{ to_number('value') }} as number
    from {{ source('lake', 'raw_' ~ source_key) }}
),

rows_judged as (
    select
        *,
        {{ value_status('value', 'number', 'note_codes') }} as value_status,
        {{ revision_status('note_codes') }} as revision_status
    from rows_read
)

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
    raw.area as area_label,
    periods.period_kind,
    periods.period_end,
    raw.period as period_label,
    {%- for key in keys %}
    {{ key }}_members.member_key as {{ key }},
    {%- endfor %}
    {{ breakdown_text(keys) }} as breakdown,
    {% for key in keys %}coalesce({{ key }}_members.is_whole, false){{ ' or ' if not loop.last }}{% else %}false{% endfor %} as is_whole,
    measures.cell_place + areas.cell_place + periods.cell_place
    {%- for key in keys %} + {{ key }}_members.cell_place{% endfor %} as cell_no,
    raw.value as value_text,
    case when raw.value_status = 'reported' then raw.number end as value,
    raw.value_status,
    raw.revision_status,
    raw.note_codes,
    raw._source_row as source_row,
    raw._landed_sha256 as landed_sha256
from rows_judged as raw
inner join vintages on raw._load_id = vintages.load_id
left join spellings as measures
    on measures.role = 'measure'
        and raw.measure is not distinct from measures.label
        and raw.measure_code is not distinct from measures.code
left join spellings as areas
    on areas.role = 'area'
        and raw.area is not distinct from areas.label
        and raw.area_code is not distinct from areas.code
left join spellings as periods
    on periods.role = 'period'
        and raw.period is not distinct from periods.label
        and raw.period_code is not distinct from periods.code
        and raw.period_sort is not distinct from periods.sort
{%- for key in keys %}
left join spellings as {{ key }}_members
    on {{ key }}_members.role = '{{ key }}'
        and raw.{{ roles[key] }} is not distinct from {{ key }}_members.label
        and raw.{{ roles[key] }}_code is not distinct from {{ key }}_members.code
{%- endfor %}
{%- endmacro %}

{# Each spelling of a column's members, with the registry's key for it: by label first, else by code. #}
{% macro known_members(raw, role) -%}
    select
        spelled.label,
        spelled.code,
        coalesce(by_label.member_key, by_code.member_key) as member_key,
        coalesce(by_label.measure_key, by_code.measure_key) as measure_key,
        coalesce(by_label.breakdown, by_code.breakdown) as breakdown,
        coalesce(by_label.is_total, by_code.is_total, false) as is_total,
        false as is_band
    from (select distinct {{ role }} as label, {{ role }}_code as code from {{ raw }}) as spelled
    left join members as by_label on by_label.role = '{{ role }}' and by_label.match_text = {{ fold('spelled.label') }}
    left join members as by_code
        on by_code.role = '{{ role }}' and by_code.match_text = {{ fold('spelled.code') }} and by_label.member_key is null
{%- endmacro %}

{#
    Each spelling of an age column. A band is no total, but its single years stand beside it: it is a whole as well.
    An open band is a part where it begins after the last single year (90 and over beside 0 to 89), else a whole
    (65 and over).
#}
{% macro age_members(raw, role) -%}
    select
        label,
        code,
        member_key,
        coalesce(member_key = 'all', false) as is_total,
        coalesce(
            member_key <> 'all'
            and single_year is null
            and coalesce(open_from <= max(single_year) over (), open_from is null),
            false
        ) as is_band
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
                from ({{ known_members(raw, role) }}) as registered
            ) as folded
        ) as keyed
    ) as measured
{%- endmacro %}

{#
    Breakdowns of a row as readable text: `age_group=under_1; gender=female`, keys in alphabetical order, those left out
    whose member is the total; `all` where nothing is left.
#}
{% macro breakdown_text(keys) -%}
    {%- if keys | length == 0 -%}
    'all'
    {%- elif keys | length == 1 -%}
    coalesce({{ keys[0] }}_members.breakdown, 'all')
    {%- else -%}
    coalesce(nullif(concat_ws(
        '; '{%- for key in keys | sort %}, {{ key }}_members.breakdown{%- endfor %}
    ), ''), 'all')
    {%- endif -%}
{%- endmacro %}
