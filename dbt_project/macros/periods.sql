{# What MARTS.md calls a kind of period. #}
{% macro period_type(kind) -%}
    case {{ kind }}
        when 'financial_year_end' then 'snapshot'
        when 'point' then 'snapshot'
        else {{ kind }}
    end
{%- endmacro %}

{# `2018-19`, of any day in it. #}
{% macro financial_year(day) -%}
    case
        when month({{ day }}) >= 4
            then cast(year({{ day }}) as {{ dbt.type_string() }}) || '-' || lpad(cast((year({{ day }}) + 1) % 100 as {{ dbt.type_string() }}), 2, '0')
        else cast(year({{ day }}) - 1 as {{ dbt.type_string() }}) || '-' || lpad(cast(year({{ day }}) % 100 as {{ dbt.type_string() }}), 2, '0')
    end
{%- endmacro %}

{# `31 March 2019`, `31 Mawrth 2019`. #}
{% macro long_date(day, language) -%}
    cast(day({{ day }}) as {{ dbt.type_string() }}) || ' ' || {{ month_and_year(day, language) }}
{%- endmacro %}

{# `March 2019`, `Mawrth 2019`. #}
{% macro month_and_year(day, language) -%}
    {%- set months = {
        'en': ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
               'November', 'December'],
        'cy': ['Ionawr', 'Chwefror', 'Mawrth', 'Ebrill', 'Mai', 'Mehefin', 'Gorffennaf', 'Awst', 'Medi', 'Hydref',
               'Tachwedd', 'Rhagfyr'],
    }[language] -%}
    case month({{ day }})
        {%- for name in months %} when {{ loop.index }} then '{{ name }}'{% endfor %}
    end || ' ' || cast(year({{ day }}) as {{ dbt.type_string() }})
{%- endmacro %}

{# The key of a period by its kind and last day, as the statistics have it. #}
{% macro period_key(kind, period_end) -%}
    case
        when {{ period_end }} is null then null
        when {{ kind }} = 'financial_year' then {{ financial_year(period_end) }}
        -- a school year ends on 31 August: the financial year that it began in has its number
        when {{ kind }} = 'school_year'
            then replace({{ financial_year('cast(' ~ dbt.dateadd('month', -6, period_end) ~ ' as date)') }}, '-', '/')
        when {{ kind }} = 'calendar_year' then cast(year({{ period_end }}) as {{ dbt.type_string() }})
        else cast({{ period_end }} as {{ dbt.type_string() }})
    end
{%- endmacro %}

{# The first day of a period by its kind and last day; that day itself where the period is a day. #}
{% macro period_start(kind, period_end) -%}
    case
        when {{ kind }} in ('financial_year', 'school_year', 'calendar_year')
            then cast({{ dbt.dateadd('day', 1, dbt.dateadd('year', -1, period_end)) }} as date)
        else {{ period_end }}
    end
{%- endmacro %}
