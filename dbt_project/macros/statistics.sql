{#
    The arithmetic of the published statistics, once. Every macro takes SQL expressions and returns one.
    Nothing here turns a missing value into a number: NULL in, NULL out.
    Inputs are figures as they were published (rounded, suppressed), so that nothing computed from them tells more.
#}

{#- The rate for every 10,000: 10,000 × count / population.
    NULL where the population is not above zero. Source: the unit of "children looked after per 10,000 population
    aged under 18"; a difference of two such rates is in the same unit and never in percentage points. -#}
{% macro rate_per_10000(count, population) -%}
    case when {{ population }} > 0
        then cast({{ count }} as double) * 10000.0 / cast({{ population }} as double) end
{%- endmacro %}

{#- Growth as a percentage of the earlier value: 100 × (now − before) / before. NULL where before is zero. -#}
{% macro change_pct(now, before) -%}
    case when {{ before }} <> 0
        then 100.0 * (cast({{ now }} as double) - cast({{ before }} as double)) / cast({{ before }} as double) end
{%- endmacro %}

{#- The rate over three years: 10,000 × the sum of the counts / the sum of the populations. Pooling counts and
    populations, and not the mean of three rates, gives each year the weight of its children. NULL if any of the six
    is missing. Source: rule R7 (small authorities are moved by single families). -#}
{% macro three_year_rate(counts, populations) -%}
    {{ rate_per_10000('(' ~ counts | join(' + ') ~ ')', '(' ~ populations | join(' + ') ~ ')') }}
{%- endmacro %}

{#- The share of areas whose z-score is pulled in at each end before the dispersion is estimated. -#}
{% macro winsorise_share() -%}
    0.10
{%- endmacro %}

{#- How many of k areas that is: the whole part of 10% of k, at each end. -#}
{% macro winsorised_at_each_end(k) -%}
    cast(floor({{ winsorise_share() }} * {{ k }}) as bigint)
{%- endmacro %}

{#- The z-score of one area under a Poisson count: (y − θ0) / s, with y = count / population, θ0 the target rate (a
    proportion) and s = sqrt(θ0 / population) its standard error. -#}
{% macro funnel_z(count, population, target) -%}
    (cast({{ count }} as double) / {{ population }} - {{ target }}) / sqrt({{ target }} / {{ population }})
{%- endmacro %}

{#- Between-area variance τ², additive random effects, by the method of moments of DerSimonian and Laird (1986), as
    Spiegelhalter (2005), "Handling over-dispersion of performance indicators", uses it for funnel plots:
        τ² = max(0, (k·φ − (k − 1)) / (Σw − Σw² / Σw)),   w = 1 / s² = population / θ0,   φ = Σ z² / k
    where z are the winsorised z-scores and k the number of areas. -#}
{% macro between_area_variance(dispersion, k, sum_w, sum_w2) -%}
    greatest(0.0, ({{ k }} * {{ dispersion }} - ({{ k }} - 1)) / ({{ sum_w }} - {{ sum_w2 }} / {{ sum_w }}))
{%- endmacro %}

{#- One control limit, per 10,000: 10,000 × max(0, θ0 ± 3.09 · sqrt(θ0 / population + τ²)). 3.09 standard errors at
    each side hold 99.8% of areas that differ by no more than chance and the usual spread. -#}
{% macro control_limit(side, target, population, tau2) -%}
    {#- `greatest` passes over a NULL in DuckDB, so the absence of a target is asked for by name -#}
    case when {{ population }} > 0 and {{ target }} is not null and {{ tau2 }} is not null then
        10000.0 * greatest(0.0, {{ target }} {{ '-' if side == 'low' else '+' }} 3.09
            * sqrt({{ target }} / {{ population }} + {{ tau2 }}))
    end
{%- endmacro %}

{#- Whether a figure is too small to read a percentage into: five children are 5% of the count or more (the count is 100
    or less), or the change is within rounding (no larger than the rounding base, which is as far as two rounded
    figures can be out between them; an unrounded figure has no rounding to be within). NULL without a count.
    Source: rule R7. -#}
{% macro small_number_flag(count, change, rounding_base) -%}
    case
        when {{ count }} is null then null
        when {{ count }} <= 100 then true
        when {{ change }} is not null and {{ rounding_base }} > 1 and abs({{ change }}) <= {{ rounding_base }} then true
        else false
    end
{%- endmacro %}

{#- The status of a figure derived from others, whose statuses are given: suppressed if any is suppressed, not available
    if any is missing or not a whole value (partial sums give no rate), else derived. -#}
{% macro derived_status(statuses) -%}
    case
        when {% for s in statuses %}{{ s }} = 'suppressed'{{ ' or ' if not loop.last }}{% endfor %} then 'suppressed'
        when {% for s in statuses %}coalesce({{ s }}, 'none') in ('reported', 'derived')
            {{- ' and ' if not loop.last }}{% endfor %} then 'derived'
        else 'not_available'
    end
{%- endmacro %}

{#- How far rounding can have moved a figure: half its rounding base. A count with base 1 is not rounded at all. -#}
{% macro half_rounding(rounding_base, is_count) -%}
    case when {{ is_count }} and coalesce({{ rounding_base }}, 1) <= 1 then 0.0
        else coalesce({{ rounding_base }}, 0) / 2.0 end
{%- endmacro %}

{#- How far the rounding of the counts behind it can have moved a derived figure (first order):
        value            h
        change_n         h now + h before
        change_pct, growth_pct and share_pct (of the whole `before`)    100 · (h now / before + h before · now / before²)
        rate_per_10000   10,000 · h / population
        rate_change      the sum of the two rates' own
    `h` is half the rounding base of a count, 0 where it is unrounded. Populations are taken as exact. -#}
{% macro derived_rounding(derivation, half, now, before, population, population_before) -%}
    case {{ derivation }}
        when 'value' then {{ half }}
        when 'change_n' then 2.0 * {{ half }}
        when 'change_pct' then 100.0 * ({{ half }} / {{ before }} + {{ half }} * {{ now }} / ({{ before }} * {{ before }}))
        when 'growth_pct' then 100.0 * ({{ half }} / {{ before }} + {{ half }} * {{ now }} / ({{ before }} * {{ before }}))
        when 'share_pct' then 100.0 * ({{ half }} / {{ before }} + {{ half }} * {{ now }} / ({{ before }} * {{ before }}))
        when 'rate_per_10000' then 10000.0 * {{ half }} / {{ population }}
        when 'rate_change' then 10000.0 * ({{ half }} / {{ population }} + {{ half }} / {{ population_before }})
    end
{%- endmacro %}

{#- The tolerance within which a printed figure and the warehouse's agree. `printed_half` and `warehouse_half` are what
    rounding can have done to each.
        exact     both together
        approx    the warehouse's, and the larger of 5% of the printed figure and one unit of its last printed digit
        over, at least, up to, nearly    the warehouse's: the printed figure is a bound, and a bound is not rounded
    Source: rule R6. -#}
{% macro reconciliation_tolerance(qualifier, printed, printed_decimals, printed_half, warehouse_half) -%}
    ({{ warehouse_half }} + case {{ qualifier }}
        when 'exact' then {{ printed_half }}
        when 'approx' then greatest(0.05 * abs({{ printed }}), power(10.0, -{{ printed_decimals }}))
        else 0.0 end)
{%- endmacro %}

{#- How a printed figure and the warehouse's compare: agrees, agrees_after_rounding or differs. NULL without both.
        exact     equal · within the tolerance
        over      the warehouse's is above it · not below it by more than the tolerance
        at least  it is as large or above it · likewise
        up to     it is as large or below it · not above it by more than the tolerance
        nearly    below it or as large, by a tenth at most · likewise with the tolerance at both ends
        approx    equal · within the tolerance
    Equal means within a relative 1e-9, as doubles are compared everywhere here. -#}
{% macro reconciliation_result(qualifier, printed, warehouse, tolerance) -%}
    {%- set slack = '1e-9 * greatest(1.0, abs(' ~ printed ~ '))' -%}
    case
        when {{ printed }} is null or {{ warehouse }} is null or {{ tolerance }} is null then null
        when {{ qualifier }} in ('exact', 'approx') then case
            when abs({{ warehouse }} - {{ printed }}) <= {{ slack }} then 'agrees'
            when abs({{ warehouse }} - {{ printed }}) <= {{ tolerance }} + {{ slack }} then 'agrees_after_rounding'
            else 'differs' end
        when {{ qualifier }} = 'over' then case
            when {{ warehouse }} > {{ printed }} then 'agrees'
            when {{ warehouse }} >= {{ printed }} - {{ tolerance }} - {{ slack }} then 'agrees_after_rounding'
            else 'differs' end
        when {{ qualifier }} = 'at least' then case
            when {{ warehouse }} >= {{ printed }} then 'agrees'
            when {{ warehouse }} >= {{ printed }} - {{ tolerance }} - {{ slack }} then 'agrees_after_rounding'
            else 'differs' end
        when {{ qualifier }} = 'up to' then case
            when {{ warehouse }} <= {{ printed }} then 'agrees'
            when {{ warehouse }} <= {{ printed }} + {{ tolerance }} + {{ slack }} then 'agrees_after_rounding'
            else 'differs' end
        when {{ qualifier }} = 'nearly' then case
            when {{ warehouse }} <= {{ printed }} and {{ warehouse }} >= 0.9 * {{ printed }} then 'agrees'
            when {{ warehouse }} <= {{ printed }} + {{ tolerance }} + {{ slack }}
                and {{ warehouse }} >= 0.9 * {{ printed }} - {{ tolerance }} - {{ slack }} then 'agrees_after_rounding'
            else 'differs' end
    end
{%- endmacro %}

{#- The 31 March `years` before another, as a date. -#}
{% macro years_before(date_expression, years) -%}
    cast({{ dbt.dateadd('year', -years, date_expression) }} as date)
{%- endmacro %}

{#- The 30 June before a 31 March: the mid-year whose population a rate at that date is over. -#}
{% macro mid_year_before(date_expression) -%}
    cast({{ dbt.dateadd('month', -9, date_expression) }} as date)
{%- endmacro %}

{#- One text that changes when any of the columns does; NULL is unlike every value. -#}
{% macro content_key(columns) -%}
    {%- for c in columns -%}
        coalesce(cast({{ c }} as {{ dbt.type_string() }}), '~'){{ " || '|' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- A number as a person reads it: thousands commas, a point before decimals, in both languages. -#}
{% macro readable_number(value, decimals) -%}
    {{ return(adapter.dispatch('readable_number')(value, decimals)) }}
{%- endmacro %}

{% macro default__readable_number(value, decimals) -%}
    case when {{ decimals }} = 0 then format('{:,}', cast(round({{ value }}, 0) as bigint))
        when {{ decimals }} = 1 then format('{:,.1f}', cast({{ value }} as double))
        else format('{:,.2f}', cast({{ value }} as double)) end
{%- endmacro %}

{#- The same with its unit, where a person would write one. -#}
{% macro readable_figure(value, decimals, unit, language) -%}
    case when {{ unit }} in ('GBP', 'GBP_per_night') then '£' else '' end
        || {{ readable_number(value, decimals) }}
        || case {{ unit }}
            when 'percent' then '%'
            when 'per_10000' then '{{ {'en': ' per 10,000', 'cy': ' fesul 10,000'}[language] }}'
            else '' end
{%- endmacro %}

{#- The member of one breakdown in a breakdown text (`age_group=under_1; gender=female`); NULL where it is not named. -#}
{% macro breakdown_member(breakdown, name) -%}
    {{ extract(breakdown, '(?:^|; )' ~ name ~ '=([^;]+)') }}
{%- endmacro %}

{#- A qualifier as it stands before a number, with a space after it; nothing for an exact one. -#}
{% macro qualifier_word(qualifier, language) -%}
    {%- set words = {
        'over': ['over', 'dros'], 'nearly': ['nearly', 'bron'], 'at least': ['at least', 'o leiaf'],
        'up to': ['up to', 'hyd at'], 'approx': ['about', 'tua'],
    } -%}
    case {{ qualifier }}
        {%- for key, names in words.items() %} when '{{ key }}' then '{{ names[0 if language == 'en' else 1] }} '{% endfor %}
        else '' end
{%- endmacro %}

{#- `18 of 22 local authorities`. -#}
{% macro areas_covered(reporting, expected, language) -%}
    cast({{ reporting }} as {{ dbt.type_string() }})
        || '{{ {'en': ' of ', 'cy': ' o’r '}[language] }}'
        || cast({{ expected }} as {{ dbt.type_string() }})
        || '{{ {'en': ' local authorities', 'cy': ' awdurdod lleol'}[language] }}'
{%- endmacro %}

{#- How a sentence about a document's figure begins. -#}
{% macro document_says(value, qualifier, printed_decimals, unit, language) -%}
    '{{ {'en': 'The document says ', 'cy': 'Dywed y ddogfen '}[language] }}'
        || {{ qualifier_word(qualifier, language) }}
        || {{ readable_figure(value, printed_decimals, unit, language) }}
{%- endmacro %}
