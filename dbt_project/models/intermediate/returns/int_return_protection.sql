-- Grain: cell_id. What may be published of each number about people: rounded to 5, withheld from 1 to 4, and withheld where
-- it would give another back by subtraction, across columns, rows, regions and vintages. Nought stays nought.
with
{{ suppression_passes(ref('int_return_disclosure_cells'), ref('int_return_disclosure_groups'), 24) }},

judged as (
    select
        cell_id,
        value,
        is_primary,
        is_suppressed
    from pass_24
    union all
    select
        cell_id,
        value,
        is_primary,
        is_suppressed
    from alone
)

select
    cell_id,
    is_primary = 1 as is_primary,
    is_suppressed = 1 as is_suppressed,
    case when is_suppressed = 0 then {{ round_to_5('value') }} end as value
from judged
