-- No whole and its parts are published with exactly one of them suppressed: it would be what is left of the others.
select
    linked.group_id,
    count(*) as cells
from {{ ref('int_return_disclosure_groups') }} as linked
inner join {{ ref('int_return_protection') }} as protection on linked.cell_id = protection.cell_id
group by linked.group_id
having sum(case when protection.is_suppressed then 1 else 0 end) = 1 and count(*) > 1
