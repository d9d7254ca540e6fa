{{ config(materialized='table') }}

-- Sorted by source, so that a dataset's staging reads its own part only.
select
    source_key,
    role,
    label,
    code,
    sort,
    member_key,
    measure_key,
    scale,
    area_code,
    period_kind,
    period_key,
    period_start,
    period_end,
    is_total,
    is_whole,
    breakdown,
    label_en,
    label_cy,
    cell_place
from {{ source('lake', 'spellings') }}
order by source_key, role
