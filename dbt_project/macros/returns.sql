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

{#
    Of each return and period, how many areas it is expected of, and how many have answered whole: by an accepted return, or by
    one that says that there is nothing to report; not by one of which rows were kept out. A return that was not asked for
    counts where it came. `latest` holds the submissions that count.
#}
{% macro areas_of_returns(latest) -%}
    select
        expected.return_key,
        expected.period_key,
        cast(
            count(case when received.submission_id is not null and not coalesce(received.is_part_accepted, false) then 1 end)
            as bigint
        ) as areas_reporting,
        cast(
            count(case when coalesce(expected.is_required, true) or received.submission_id is not null then 1 end) as bigint
        ) as areas_expected
    from {{ ref('stg_returns__expected') }} as expected
    left join {{ latest }} as received
        on
            expected.return_key = received.return_key
            and expected.area_code = received.area_code
            and expected.period_key = received.period_key
    group by expected.return_key, expected.period_key
{%- endmacro %}

{# One role of a row that is a text. #}
{% macro role_text(role) -%}
    max(case when role = '{{ role }}' then value end)
{%- endmacro %}

{#
    What a reader knows of a number that is published rounded to 5, or as one of 1 to 4 that is withheld: the smallest and
    the largest that it can be. Nought is exact; a number that nobody gave may be any.
#}
{% macro least_it_can_be(value) -%}
    case
        when {{ value }} is null then 0
        when {{ value }} = 0 then 0
        when {{ is_small(value) }} then case when {{ value }} > 0 then 1 else -4 end
        when {{ round_to_5(value) }} = 5 then 5
        else {{ round_to_5(value) }} - 2
    end
{%- endmacro %}

{% macro most_it_can_be(value) -%}
    case
        when {{ value }} is null then 1000000000
        when {{ value }} = 0 then 0
        when {{ is_small(value) }} then case when {{ value }} > 0 then 4 else -1 end
        when {{ round_to_5(value) }} = -5 then -5
        else {{ round_to_5(value) }} + 2
    end
{%- endmacro %}

{#
    The suppression of `cells` (cell_id, lineage_id, vintage_at, value, is_withheld) within `groups` (group_id, cell_id,
    is_whole), unrolled to `passes` passes. In each pass: a group with exactly one suppressed cell gives it back by
    subtraction, so another is suppressed too. The newest first, for what was published before is known already; of those
    the smallest, a part before the whole; nought only where nothing else is left. A cell of a group that was suppressed
    in one vintage stays so in every later one, for the difference of two vintages of a total is the change of a cell.
    Ties are broken by the cell's id, so that two builds agree. A whole whose rounding leaves its parts one way only to add
    up to it (8 is told as 10, which two withheld numbers reach as 4 and 4 alone) is suppressed before the first pass.
    What no group holds, nothing gives back: `alone` judges it anew in each vintage, outside the passes.
#}
{% macro suppression_passes(cells, groups, passes) -%}
    {{ return(adapter.dispatch('suppression_passes')(cells, groups, passes)) }}
{%- endmacro %}

{% macro default__suppression_passes(cells, groups, passes) -%}
    {{ suppression_start(cells, groups) }},

    {{ suppression_pass_0() }}
    {%- for number in range(1, passes + 1) -%}
    ,

    {{ suppression_pass(number, groups, 'pass_' ~ (number - 1)) }}
    {%- endfor %}
{%- endmacro %}

{# What the passes begin with: the cells, those that no group holds, the wholes whose rounding gives their parts away. #}
{% macro suppression_start(cells, groups) -%}
    members_of_groups as (
        select distinct cell_id from {{ groups }}
    ),

    primaries as (
        select
            cells.cell_id,
            cells.lineage_id,
            cells.vintage_at,
            cells.value,
            members_of_groups.cell_id is not null as is_grouped,
            case when cells.is_withheld or {{ is_small('cells.value') }} then 1 else 0 end as is_primary,
            {{ least_it_can_be('cells.value') }} as least,
            {{ most_it_can_be('cells.value') }} as most
        from {{ cells }} as cells
        left join members_of_groups on cells.cell_id = members_of_groups.cell_id
    ),

    alone as (
        select
            cell_id,
            value,
            is_primary,
            is_primary as is_suppressed
        from primaries
        where not is_grouped
    ),

    -- columns that `adds_to` another may leave a rest: they do not add up to it
    pinned as (
        select
            linked.group_id,
            max(case when linked.is_whole = 1 then linked.cell_id end) as cell_id
        from {{ groups }} as linked
        inner join primaries on linked.cell_id = primaries.cell_id
        where linked.group_id not like '%|adds_to|%'
        group by linked.group_id
        having
            sum(case when linked.is_whole = 1 then 1 else 0 end) = 1
            and max(case when linked.is_whole = 1 then primaries.is_primary end) = 0
            and max(case when linked.is_whole = 0 and primaries.most > primaries.least then 1 else 0 end) = 1
            and (
                sum(case when linked.is_whole = 0 then primaries.most end)
                = max(case when linked.is_whole = 1 then primaries.least end)
                or sum(case when linked.is_whole = 0 then primaries.least end)
                = max(case when linked.is_whole = 1 then primaries.most end)
            )
    )
{%- endmacro %}

{% macro suppression_pass_0() -%}
    pass_0 as (
        select
            primaries.cell_id,
            primaries.lineage_id,
            primaries.vintage_at,
            primaries.value,
            primaries.is_primary,
            case when primaries.is_primary = 1 or pinned.cell_id is not null then 1 else 0 end as is_suppressed
        from primaries
        left join (select distinct cell_id from pinned) as pinned on primaries.cell_id = pinned.cell_id
        where primaries.is_grouped
    )
{%- endmacro %}

{# One pass, in two steps, over the pass before. #}
{% macro suppression_pass(number, groups, before) -%}
    judged_{{ number }} as (
        select
            linked.cell_id,
            members.is_suppressed,
            sum(members.is_suppressed) over (partition by linked.group_id) as suppressed_in_group,
            row_number() over (
                partition by linked.group_id
                order by
                    members.is_suppressed asc,
                    case when members.value = 0 then 1 else 0 end asc,
                    members.vintage_at desc,
                    abs(members.value) asc nulls last,
                    linked.is_whole asc,
                    linked.cell_id asc
            ) as place
        from {{ groups }} as linked
        inner join {{ before }} as members on linked.cell_id = members.cell_id
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
        from {{ before }} as before
        left join (
            select distinct cell_id
            from judged_{{ number }}
            where suppressed_in_group = 1 and place = 1 and is_suppressed = 0
        ) as picked on before.cell_id = picked.cell_id
    )
{%- endmacro %}

{#
    A text without the numbers that stand in `numerals` (joined by |): in the place of each stands an ellipsis. What is a part
    of a year, a date, a fraction or an amount stands.
#}
{% macro unsay(text, numerals) -%}
    {{ return(adapter.dispatch('unsay')(text, numerals)) }}
{%- endmacro %}

{% macro default__unsay(text, numerals) -%}
    regexp_replace({{ text }}, '(^|[^0-9./£-])(' || {{ numerals }} || ')\b', '\1…', 'g')
{%- endmacro %}

{# Whole days from one day to another. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}
