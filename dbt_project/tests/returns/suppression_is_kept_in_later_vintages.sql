-- A cell of a group that was suppressed in one vintage is suppressed in every later one.
with grouped as (
    select distinct cell_id from {{ ref('int_return_disclosure_groups') }}
),

vintages as (
    select
        cells.lineage_id,
        cells.vintage_at,
        protection.is_suppressed
    from {{ ref('int_return_disclosure_cells') }} as cells
    inner join grouped on cells.cell_id = grouped.cell_id
    inner join {{ ref('int_return_protection') }} as protection on cells.cell_id = protection.cell_id
)

select
    later.lineage_id,
    later.vintage_at
from vintages as later
inner join vintages as earlier
    on later.lineage_id = earlier.lineage_id and later.vintage_at > earlier.vintage_at
where earlier.is_suppressed and not later.is_suppressed
