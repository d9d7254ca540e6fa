{# Of one key, half-open intervals [from, to) never overlap, and none is empty or backwards. NULL `to` is still open. #}
{% test no_overlapping_intervals(model, key, from_column, to_column) %}
with keyed as (
    select
        {{ key | join(', ') }},
        {{ from_column }},
        {{ to_column }},
        {{ row_hash(key) }} as key_hash
    from {{ model }}
),

-- most keys have one interval: only the others are put in order
several as (
    select key_hash
    from keyed
    group by key_hash
    having count(*) > 1
),

ordered as (
    select
        keyed.*,
        lead({{ from_column }}) over (partition by {{ key | join(', ') }} order by {{ from_column }}) as next_from,
        row_number() over (partition by {{ key | join(', ') }} order by {{ from_column }} desc) as from_the_end
    from keyed
    inner join several on keyed.key_hash = several.key_hash
)

select {{ key | join(', ') }}, {{ from_column }}, {{ to_column }}
from ordered
where next_from < {{ to_column }}
    or ({{ to_column }} is null and from_the_end > 1)

union all

select {{ key | join(', ') }}, {{ from_column }}, {{ to_column }}
from keyed
where {{ to_column }} <= {{ from_column }}
{% endtest %}
