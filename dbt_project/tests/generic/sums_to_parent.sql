{#
    Parts sum to their whole: within each combination of `group_by`, the rows where `parts` holds sum to the one where
    `whole` holds, within `tolerance` (an expression over `part_count`, for rounded figures). Groups in which a part
    or the whole has no value are left out: a sum over some of the parts says nothing.
#}
{% test sums_to_parent(model, column_name, group_by, parts, whole, tolerance='0') %}
select *
from (
    select
        {{ group_by | join(', ') }},
        sum(case when {{ parts }} then {{ column_name }} end) as parts_sum,
        sum(case when {{ whole }} then {{ column_name }} end) as whole_value,
        sum(case when {{ parts }} then 1 else 0 end) as part_count,
        sum(case when ({{ parts }} or {{ whole }}) and {{ column_name }} is null then 1 else 0 end) as without_value
    from {{ model }}
    group by {{ group_by | join(', ') }}
) as sums
where part_count > 0 and whole_value is not null and without_value = 0
    and abs(parts_sum - whole_value) > {{ tolerance }}
{% endtest %}
