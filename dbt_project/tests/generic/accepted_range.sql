{# Values lie between `at_least` and `at_most`, ends included; NULL passes. #}
{% test accepted_range(model, column_name, at_least=none, at_most=none) %}
    
select *
from {{ model }}
where false
    {% if at_least is not none %}or {{ column_name }} < {{ at_least }}{% endif %}
    {% if at_most is not none %}or {{ column_name }} > {{ at_most }}{% endif %}
{% endtest %}
