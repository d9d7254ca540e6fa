{# A canonical text of a return (plain decimals, ISO dates) as a value of its type; NULL where it is none. #}
{% macro canonical(text, data_type) -%}
    {{ return(adapter.dispatch('canonical')(text, data_type)) }}
{%- endmacro %}

{% macro default__canonical(text, data_type) -%}
    try_cast({{ text }} as {{ data_type }})
{%- endmacro %}

{# Types of columns whose values add up from row to row and from area to area. A percentage is no sum. #}
{% macro additive_types() -%}
    ('integer', 'count', 'decimal', 'money')
{%- endmacro %}

{# Feeds of which the marts publish sums over rows and areas, beside the rows themselves. #}
{% macro summed_feeds() -%}
    ('advocacy', 'regional_accommodation', 'reduction_plan', 'measures')
{%- endmacro %}

{# Of those, the feeds whose sums keep apart what a row is about (a priority, a measure, a question). #}
{% macro feeds_by_subject() -%}
    ('reduction_plan', 'measures')
{%- endmacro %}

{# The sheet whose measures are the workforce's: of the measures of other sheets no mart publishes sums. #}
{% macro workforce_sheet() -%}
    'workforce'
{%- endmacro %}

{# Numbers of 1 to 4 are withheld. Nought is published: that there is none identifies nobody. #}
{% macro is_small(value) -%}
    (abs({{ value }}) > 0 and abs({{ value }}) < 5)
{%- endmacro %}

{% macro round_to_5(value) -%}
    (round({{ value }} / 5.0) * 5.0)
{%- endmacro %}

{#
    One role of a row as a column: the sum over the cells that have it (a template may split a row of the mart among
    several of its own), and why there is a value or none. `relation` has role, amount and value_status.
#}
{% macro role_sum(role, amount='value_gbp', data_type='decimal(18, 2)') -%}
    cast(sum(case when role = '{{ role }}' then {{ amount }} end) as {{ data_type }})
{%- endmacro %}

{% macro role_status(role, amount='value_gbp') -%}
    case
        when count(case when role = '{{ role }}' then 1 end) = 0 then 'not_available'
        when max(case when role = '{{ role }}' and value_status = 'suppressed' then 1 else 0 end) = 1 then 'suppressed'
        when count(case when role = '{{ role }}' then {{ amount }} end) = 0
            then min(case when role = '{{ role }}' then value_status end)
        when count(case when role = '{{ role }}' then {{ amount }} end) < count(case when role = '{{ role }}' then 1 end)
            then 'partial'
        when count(case when role = '{{ role }}' then 1 end) > 1 then 'derived'
        else max(case when role = '{{ role }}' then value_status end)
    end
{%- endmacro %}

{# One role of a row that is a text. #}
{% macro role_text(role) -%}
    max(case when role = '{{ role }}' then value end)
{%- endmacro %}

{#
    The suppression of `cells` (cell_id, lineage_id, vintage_at, value, is_withheld) within `groups` (group_id, cell_id,
    is_whole), unrolled to `passes` passes. In each pass: a group with exactly one suppressed cell gives it back by
    subtraction, so another is suppressed too. The newest first, for what was published before is known already; of those
    the smallest, a part before the whole; nought only where nothing else is left. A cell of a group that was suppressed
    in one vintage stays so in every later one, for the difference of two vintages of a total is the change of a cell.
    Ties are broken by the cell's id, so that two builds agree.
#}
{% macro suppression_passes(cells, groups, passes) -%}
    pass_0 as (
        select
            alone.cell_id,
            -- what no group holds, nothing gives back: it is judged anew in each vintage
            case when grouped.cell_id is null then alone.cell_id else alone.lineage_id end as lineage_id,
            alone.vintage_at,
            alone.value,
            case when alone.is_withheld or {{ is_small('alone.value') }} then 1 else 0 end as is_primary,
            case when alone.is_withheld or {{ is_small('alone.value') }} then 1 else 0 end as is_suppressed
        from {{ cells }} as alone
        left join (select distinct cell_id from {{ groups }}) as grouped on alone.cell_id = grouped.cell_id
    ),

    {% for number in range(1, passes + 1) -%}
    judged_{{ number }} as (
        select
            linked.cell_id,
            members.is_suppressed,
            sum(members.is_suppressed) over (partition by linked.group_id) as suppressed_in_group,
            row_number() over (
                partition by linked.group_id
                order by
                    members.is_suppressed,
                    case when members.value = 0 then 1 else 0 end,
                    members.vintage_at desc,
                    abs(members.value),
                    linked.is_whole,
                    linked.cell_id
            ) as place
        from {{ groups }} as linked
        inner join pass_{{ number - 1 }} as members on linked.cell_id = members.cell_id
    ),

    pass_{{ number }} as (
        select
            before.cell_id,
            before.lineage_id,
            before.vintage_at,
            before.value,
            before.is_primary,
            max(case when before.is_suppressed = 1 or picked.cell_id is not null then 1 else 0 end) over (
                partition by before.lineage_id order by before.vintage_at
            ) as is_suppressed
        from pass_{{ number - 1 }} as before
        left join (
            select distinct cell_id
            from judged_{{ number }}
            where suppressed_in_group = 1 and place = 1 and is_suppressed = 0
        ) as picked on before.cell_id = picked.cell_id
    ){{ ',' if number < passes }}

    {% endfor -%}
{%- endmacro %}

{# Whole days from one day to another. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}
