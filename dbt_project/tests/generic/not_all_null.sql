{# A column has a value somewhere: a table with rows in which it never has one was joined wrongly. #}
{% test not_all_null(model, column_name) %}
select count(*) as rows_found
from {{ model }}
having count(*) > 0 and count({{ column_name }}) = 0
{% endtest %}
