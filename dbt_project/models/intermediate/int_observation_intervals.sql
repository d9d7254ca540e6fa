-- One row a change of a cell's value, status or notes, with the half-open interval in which that was what was known.
-- Gaps and islands over the source's vintages: a cell that is gone closes its interval at the moment at which the
-- first vintage without it became known, one that comes back opens a new one, and an unchanged vintage adds nothing.
with observed as (
    select
        observations.*,
        vintages.vintage_position,
        lag(vintages.vintage_position) over by_cell as position_before,
        lag(observations.value) over by_cell as value_before,
        lag(observations.value_status) over by_cell as value_status_before,
        lag(observations.note_codes) over by_cell as note_codes_before,
        max(vintages.vintage_position) over (
            partition by
                observations.source_key, observations.measure_key, observations.area_code, observations.period_key,
                observations.breakdown
        ) as last_position
    from {{ ref('int_observations') }} as observations
    inner join {{ ref('int_vintages') }} as vintages
        on observations.source_key = vintages.source_key
            and observations.vintage_scope = vintages.vintage_scope
            and observations.vintage_no = vintages.vintage_no
    window by_cell as (
        partition by
            observations.source_key, observations.measure_key, observations.area_code, observations.period_key,
            observations.breakdown
        order by vintages.vintage_position
    )
),

changes as (
    select
        *,
        lead(position_before) over (
            partition by source_key, measure_key, area_code, period_key, breakdown
            order by vintage_position
        ) as position_before_next
    from observed
    where position_before is null
        or position_before <> vintage_position - 1
        or value is distinct from value_before
        or value_status is distinct from value_status_before
        or note_codes is distinct from note_codes_before
)

select
    changes.source_key,
    changes.measure_key,
    changes.area_code,
    changes.period_key,
    changes.period_kind,
    changes.period_start,
    changes.period_end,
    changes.breakdown,
    changes.is_whole,
    opened.known_from,
    closed.known_to,
    closed.known_to is null as is_latest,
    changes.value,
    changes.value_status,
    changes.revision_status,
    changes.note_codes,
    measures.measure_version_key,
    measures.series_id,
    opened.vintage_no,
    opened.landed_at as loaded_at,
    opened.load_id,
    opened.landed_sha256,
    changes.source_row,
    opened.is_synthetic
from changes
inner join {{ ref('int_vintages') }} as opened
    on changes.source_key = opened.source_key
        and changes.vintage_scope = opened.vintage_scope
        and changes.vintage_position = opened.vintage_position
inner join {{ ref('int_vintages') }} as closed
    on changes.source_key = closed.source_key
        and changes.vintage_scope = closed.vintage_scope
        and coalesce(changes.position_before_next, changes.last_position) = closed.vintage_position
left join {{ ref('int_measure_versions') }} as measures
    on changes.measure_key = measures.measure_key
        and changes.period_end >= measures.applies_from
        and changes.period_end < measures.applies_to
