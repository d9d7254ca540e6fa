{# Every status column says one of the statuses that the label table has. #}
{% test statuses_are_known(model, columns) %}
    
select *
from {{ model }}
where false
    {%- for column in columns %}
    or {{ column }} not in (select value_status from {{ ref('value_statuses') }})
    {%- endfor %}
{% endtest %}
