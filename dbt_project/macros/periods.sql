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
            then cast(year({{ day }}) as varchar) || '-' || lpad(cast((year({{ day }}) + 1) % 100 as varchar), 2, '0')
        else cast(year({{ day }}) - 1 as varchar) || '-' || lpad(cast(year({{ day }}) % 100 as varchar), 2, '0')
    end
{%- endmacro %}

{# `31 March 2019`, `31 Mawrth 2019`. #}
{% macro long_date(day, language) -%}
    cast(day({{ day }}) as varchar) || ' ' || {{ month_and_year(day, language) }}
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
    end || ' ' || cast(year({{ day }}) as varchar)
{%- endmacro %}
