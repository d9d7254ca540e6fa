{# Of one key, half-open intervals [from, to) never overlap, and none is empty or backwards. NULL `to` is still open. #}
{% test no_overlapping_intervals(model, key, from_column, to_column) %}
select *
from (
    select
        {{ key | join(', ') }},
        {{ from_column }},
        {{ to_column }},
        lead({{ from_column }}) over (partition by {{ key | join(', ') }} order by {{ from_column }}) as next_from,
        row_number() over (partition by {{ key | join(', ') }} order by {{ from_column }} desc) as from_the_end
    from {{ model }}
) as ordered
where {{ to_column }} <= {{ from_column }}
    or next_from < {{ to_column }}
    or ({{ to_column }} is null and from_the_end > 1)
{% endtest %}
