{# Each combination of values stands in at most one row; two NULLs count as the same. #}
{% test unique_combination(model, columns) %}
with {{ stands_several_times(model, columns, 'several') }}

select *
from several
{% endtest %}
