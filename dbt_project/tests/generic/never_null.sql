{# None of several columns is NULL in the rows that count: one scan for all of them. Failing rows name the columns. #}
{% test never_null(model, columns, rows_that_count='true') %}
select
    concat_ws(', ' {%- for column in columns %}, case when {{ column }} is null then '{{ column }}' end {%- endfor %})
        as without_value,
    *
from {{ model }}
where ({{ rows_that_count }})
    and ({% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %})
{% endtest %}
