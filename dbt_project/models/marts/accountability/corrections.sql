-- What corrections.yml says, one row a cell, and which vintages it met. `is_judged` is FALSE where this build cannot tell
-- whether a correction still holds: its source was never loaded or is the synthetic sample, or the build is of a past moment.
with
uses as (
    select
        source_key,
        correction_id,
        area_code,
        period_key,
        known_from,
        known_to,
        value,
        value_status,
        revision_status,
        loaded_at,
        load_id,
        landed_sha256,
        source_row,
        row_number() over (
            partition by correction_id, area_code, period_key order by known_from desc
        ) as recency
    from {{ ref('int_observation_intervals') }}
    where correction_id is not null
),

vintages as (
    select
        source_key,
        known_from,
        is_synthetic,
        row_number() over (partition by source_key order by vintage_no desc) as recency
    from {{ ref('stg_lake__vintages') }}
    where change_id is not null
),

met as (
    select
        uses.correction_id,
        uses.area_code,
        uses.period_key,
        min(uses.known_from) as first_known_from,
        max(vintages.known_from) as last_known_from,
        count(distinct vintages.known_from) as vintages,
        max(case when uses.known_to is null then 1 else 0 end) = 1 as is_current
    from uses
    inner join vintages
        on
            uses.source_key = vintages.source_key
            and uses.known_from <= vintages.known_from
            and (uses.known_to is null or uses.known_to > vintages.known_from)
    group by uses.correction_id, uses.area_code, uses.period_key
)

select
    corrections.correction_id,
    corrections.source_key,
    corrections.measure_key,
    measures.title_en as measure_title_en,
    measures.title_cy as measure_title_cy,
    corrections.area_code,
    areas.area_name_en,
    areas.area_name_cy,
    corrections.period_key,
    corrections.breakdown,
    corrections.found as published_value,
    corrections.action,
    uses.value as corrected_value,
    coalesce(uses.value_status, 'not_available') as value_status,
    measures.unit,
    corrections.reason_en,
    corrections.reason_cy,
    corrections.status,
    cast(corrections.reported_on as date) as reported_on,
    corrections.provider,
    met.first_known_from,
    met.last_known_from,
    uses.known_from,
    uses.known_to,
    uses.loaded_at,
    uses.revision_status,
    cast(coalesce(met.vintages, 0) as bigint) as vintages,
    coalesce(corrections.is_judged and not newest.is_synthetic, false) as is_judged,
    corrections.status <> 'fixed_upstream' and met.vintages is not null and not coalesce(met.is_current, false)
        as is_stale,
    'public' as audience,
    coalesce(met.first_known_from, newest.known_from) as release_at,
    coalesce(newest.is_synthetic, false) as is_synthetic,
    uses.load_id,
    uses.landed_sha256,
    uses.source_row
from {{ source('lake', 'corrections') }} as corrections
left join met
    on
        corrections.correction_id = met.correction_id
        and corrections.area_code = met.area_code
        and corrections.period_key = met.period_key
left join uses
    on
        uses.recency = 1
        and corrections.correction_id = uses.correction_id
        and corrections.area_code = uses.area_code
        and corrections.period_key = uses.period_key
left join vintages as newest
    on corrections.source_key = newest.source_key and newest.recency = 1
left join {{ ref('dim_measure') }} as measures
    on corrections.measure_key = measures.measure_key and measures.is_last_version
left join {{ ref('dim_area') }} as areas on corrections.area_code = areas.area_code and areas.is_last_version
