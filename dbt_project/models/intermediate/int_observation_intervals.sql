-- One row a change of a cell's value, status or notes, with the half-open interval in which that was what was known.
--
-- Most cells were said once, in their source's first vintage, and never touched again: they pass straight through. Only
-- the cells that a later vintage touched are put in order of time. There, what a vintage says again in other words (a
-- label was renamed) is no change; a cell that is gone closes its interval at the moment at which the first vintage
-- without it became known, and one that comes back opens a new one.
with touched_cells as (
    select distinct
        source_key,
        cell_no
    from {{ ref('int_observations') }}
    where is_change
),

touched as (
    select
        observations.source_key,
        observations.measure_key,
        observations.area_code,
        observations.period_kind,
        observations.period_key,
        observations.period_start,
        observations.period_end,
        observations.breakdown,
        observations.is_whole,
        observations.cell_no,
        observations.vintage_no,
        observations.is_gone,
        observations.known_from,
        observations.landed_at,
        observations.load_id,
        observations.landed_sha256,
        observations.is_synthetic,
        observations.value,
        observations.value_status,
        observations.revision_status,
        observations.note_codes,
        observations.source_row,
        observations.correction_id
    from {{ ref('int_observations') }} as observations
    inner join touched_cells
        on observations.source_key = touched_cells.source_key and observations.cell_no = touched_cells.cell_no

    union all

    select
        source_key,
        measure_key,
        area_code,
        period_kind,
        period_key,
        period_start,
        period_end,
        breakdown,
        is_whole,
        cell_no,
        vintage_no,
        true as is_gone,
        known_from,
        landed_at,
        load_id,
        landed_sha256,
        is_synthetic,
        null as value,
        null as value_status,
        null as revision_status,
        null as note_codes,
        null as source_row,
        null as correction_id
    from {{ ref('int_export_withdrawals') }}
),

-- of all that is said of a cell at one moment, what is there counts before what is gone, the last vintage before others
last_said as (
    select
        *,
        row_number() over (
            partition by source_key, cell_no, known_from
            order by vintage_no desc, is_gone asc
        ) as place
    from touched
),

compared as (
    select
        *,
        lag(is_gone) over cell as was_gone,
        lag(value) over cell as value_before,
        lag(value_status) over cell as value_status_before,
        lag(note_codes) over cell as note_codes_before,
        lag(correction_id) over cell as correction_id_before
    from last_said
    where place = 1
    window cell as (partition by source_key, cell_no order by known_from)
),

steps as (
    select
        *,
        lead(known_from) over (partition by source_key, cell_no order by known_from) as known_to
    from compared
    where
        was_gone is null
        or is_gone <> was_gone
        or value is distinct from value_before
        or value_status is distinct from value_status_before
        or note_codes is distinct from note_codes_before
        -- a flag leaves the value as it is
        or correction_id is distinct from correction_id_before
),

intervals as (
    select
        source_key,
        measure_key,
        area_code,
        period_kind,
        period_key,
        period_start,
        period_end,
        breakdown,
        is_whole,
        cell_no,
        vintage_no,
        known_from,
        known_to,
        landed_at,
        load_id,
        landed_sha256,
        is_synthetic,
        value,
        value_status,
        revision_status,
        note_codes,
        source_row,
        correction_id
    from steps
    where not is_gone

    union all

    select
        observations.source_key,
        observations.measure_key,
        observations.area_code,
        observations.period_kind,
        observations.period_key,
        observations.period_start,
        observations.period_end,
        observations.breakdown,
        observations.is_whole,
        observations.cell_no,
        observations.vintage_no,
        observations.known_from,
        null as known_to,
        observations.landed_at,
        observations.load_id,
        observations.landed_sha256,
        observations.is_synthetic,
        observations.value,
        observations.value_status,
        observations.revision_status,
        observations.note_codes,
        observations.source_row,
        observations.correction_id
    from {{ ref('int_observations') }} as observations
    left join touched_cells
        on observations.source_key = touched_cells.source_key and observations.cell_no = touched_cells.cell_no
    where not observations.is_change and touched_cells.cell_no is null
)

select
    intervals.source_key,
    intervals.measure_key,
    intervals.area_code,
    intervals.period_key,
    intervals.period_kind,
    intervals.period_start,
    intervals.period_end,
    intervals.breakdown,
    intervals.is_whole,
    intervals.known_from,
    intervals.known_to,
    intervals.known_to is null as is_latest,
    intervals.value,
    intervals.value_status,
    intervals.revision_status,
    intervals.note_codes,
    measures.measure_version_key,
    measures.series_id,
    intervals.vintage_no,
    intervals.landed_at as loaded_at,
    intervals.load_id,
    intervals.landed_sha256,
    intervals.source_row,
    intervals.correction_id,
    intervals.is_synthetic
from intervals
left join {{ ref('int_measure_versions') }} as measures
    on
        intervals.measure_key = measures.measure_key
        and intervals.period_end >= measures.applies_from
        and intervals.period_end < measures.applies_to
