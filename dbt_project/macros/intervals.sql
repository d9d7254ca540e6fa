{#
    95% intervals, once. Each macro takes SQL expressions and returns one; NULL in, NULL out.
    They say how far chance could move a figure if the events behind it were independent of each other. Children of one
    family are not, so the true uncertainty is wider: an interval is no test of whether two figures differ.
#}

{#- The normal deviate that leaves 2.5% at each end. -#}
{% macro z_95() -%}
    1.959963984540054
{%- endmacro %}

{#- One limit of a share, as a proportion from 0 to 1. Wilson's score interval: with p = x / n,
        (2np + z² ± z · sqrt(z² + 4np(1 − p))) / (2(n + z²))
    Source: Wilson (1927), in the form of Newcombe (1998), "Two-sided confidence intervals for the single proportion:
    comparison of seven methods", method 3. NULL where n is not above zero or x is not between 0 and n. -#}
{% macro wilson_limit(side, numerator, denominator) -%}
    {%- set x = 'cast(' ~ numerator ~ ' as double)' -%}
    {%- set n = 'cast(' ~ denominator ~ ' as double)' -%}
    case when {{ denominator }} > 0 and {{ numerator }} between 0 and {{ denominator }} then
        -- the formula is 0 or 1 there but for the last digit of a double
        {% if side == 'low' %}case when {{ numerator }} = 0 then 0.0{% else -%}
        case when {{ numerator }} = {{ denominator }} then 1.0{% endif %} else
            (2.0 * {{ x }} + {{ z_95() }} * {{ z_95() }} {{ '-' if side == 'low' else '+' }} {{ z_95() }} * sqrt(
                {{ z_95() }} * {{ z_95() }} + 4.0 * {{ x }} * (1.0 - {{ x }} / {{ n }})
            )) / (2.0 * ({{ n }} + {{ z_95() }} * {{ z_95() }}))
        end
    end
{%- endmacro %}

{#- One limit of a count of independent events. Byar's approximation to the exact Poisson limits:
        low   y · (1 − 1 / (9y) − z / (3·sqrt(y)))³
        high  (y + 1) · (1 − 1 / (9(y + 1)) + z / (3·sqrt(y + 1)))³
    Source: Breslow and Day (1987), "Statistical methods in cancer research", volume II, section 2.3. The low limit of no
    events is 0. NULL where the count is below zero. -#}
{% macro byar_limit(side, events) -%}
    {%- set y = 'cast(' ~ events ~ ' as double)' if side == 'low' else '(cast(' ~ events ~ ' as double) + 1.0)' -%}
    case when {{ events }} >= 0 then
        {% if side == 'low' %}case when {{ events }} = 0 then 0.0 else {% endif -%}
        {{ y }} * power(
            1.0 - 1.0 / (9.0 * {{ y }}) {{ '-' if side == 'low' else '+' }} {{ z_95() }} / (3.0 * sqrt({{ y }})), 3.0
        ){% if side == 'low' %} end{% endif %}
    end
{%- endmacro %}
