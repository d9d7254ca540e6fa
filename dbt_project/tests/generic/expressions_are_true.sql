{# Several expressions hold in every row, each by its name; where one is NULL it does not hold. One scan for all of them: a
   failing row names those that it breaks. #}
{% test expressions_are_true(model, expressions) %}
select
    concat_ws(', ' {%- for name, expression in expressions.items() %}, case when not coalesce({{ expression }}, false) then '{{ name }}' end {%- endfor %})
        as broken,
    *
from {{ model }}
where {% for expression in expressions.values() %}not coalesce({{ expression }}, false){{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
