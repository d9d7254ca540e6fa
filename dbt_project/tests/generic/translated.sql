{# A label stands in this language: not NULL, not blank, no surrounding space. Of one column, or of several. #}
{% test translated(model, column_name=none, columns=none) %}
    
select *
from {{ model }}
where false
    {%- for column in columns or [column_name] %}
    or {{ column }} is null or trim({{ column }}) = '' or trim({{ column }}) <> {{ column }}
    {%- endfor %}
{% endtest %}
