{# Each combination of values stands in at most one row; two NULLs count as the same. #}
{% test unique_combination(model, columns) %}
with several as (
    select {{ row_hash(columns) }} as row_hash
    from {{ model }}
    group by {{ row_hash(columns) }}
    having count(*) > 1
)

select {{ columns | join(', ') }}, count(*) as rows_found
from (select {{ columns | join(', ') }}, {{ row_hash(columns) }} as row_hash from {{ model }}) as hashed
where row_hash in (select row_hash from several)
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
