{{ config(materialized='view') }}

-- A file that is imported by hand replaces the periods that it holds. A cell of such a period that an earlier import had
-- and this one has not is gone.
with said as (
    select * from {{ ref('int_observations') }}
    where source_key like 'statswales!_export!_%' escape '!'
),

imports as (
    select distinct
        source_key,
        period_key,
        vintage_no,
        known_from,
        landed_at,
        load_id,
        landed_sha256,
        is_synthetic
    from said
),

cells as (
    select
        source_key,
        cell_no,
        measure_key,
        area_code,
        period_kind,
        period_key,
        period_start,
        period_end,
        breakdown,
        is_whole,
        min(known_from) as first_known_from
    from said
    group by
        source_key, cell_no, measure_key, area_code, period_kind, period_key, period_start, period_end, breakdown, is_whole
)

select
    cells.source_key,
    cells.measure_key,
    cells.area_code,
    cells.period_kind,
    cells.period_key,
    cells.period_start,
    cells.period_end,
    cells.breakdown,
    cells.is_whole,
    cells.cell_no,
    imports.vintage_no,
    imports.known_from,
    imports.landed_at,
    imports.load_id,
    imports.landed_sha256,
    imports.is_synthetic
from cells
inner join imports
    on
        cells.source_key = imports.source_key
        and cells.period_key = imports.period_key
        and cells.first_known_from < imports.known_from
left join said
    on
        cells.source_key = said.source_key
        and cells.cell_no = said.cell_no
        and imports.vintage_no = said.vintage_no
where said.cell_no is null
