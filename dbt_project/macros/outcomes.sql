{#-
    The school year, `2018/19`, that a figure is about. Of a day, the school year in which it falls: the census of 31 March
    2019 is matched to results of 2018/19. Of a year, the last school year that ended in it, whose results came out in it:
    for 2018-19 that is 2017/18. A school year stands for itself.
-#}
{% macro school_year(period_kind, period_key, period_end) -%}
    {%- set text = dbt.type_string() -%}
    case
        when {{ period_kind }} = 'school_year' then {{ period_key }}
        when {{ period_kind }} in ('financial_year', 'calendar_year') and month({{ period_end }}) < 9
            then cast(year({{ period_end }}) - 2 as {{ text }}) || '/'
                || substr(cast(year({{ period_end }}) - 1 as {{ text }}), 3, 2)
        when {{ period_kind }} in ('financial_year', 'calendar_year') or month({{ period_end }}) < 9
            then cast(year({{ period_end }}) - 1 as {{ text }}) || '/'
                || substr(cast(year({{ period_end }}) as {{ text }}), 3, 2)
        else
            cast(year({{ period_end }}) as {{ text }}) || '/'
            || substr(cast(year({{ period_end }}) + 1 as {{ text }}), 3, 2)
    end
{%- endmacro %}

{#- Whether a status is one that has a value. -#}
{% macro has_value(status) -%}
    {{ status }} in ('reported', 'derived', 'partial')
{%- endmacro %}
