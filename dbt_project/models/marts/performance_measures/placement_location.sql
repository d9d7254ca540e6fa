-- Grain: area_code × snapshot_date × location. Children looked after on 31 March by where they are placed, with the share
-- of all, and beside it the number on the day from which the reduction expectation plans count.
with
counts as (
    select * from {{ ref('int_placement_counts') }}
    where kind = 'location'
),

shared as (
    {{ placement_shares('counts') }}
),

-- the plans were made in 2019 for the three years from 2019-20: what they mean to reduce is the number before these
dated as (
    select
        shared.*,
        {{ date_of('2019', 3, 31) }} as baseline_date
    from shared
),

-- only a number of the same series, and as real or as synthetic, is a baseline
based as (
    select
        dated.*,
        baseline.children as baseline_children,
        case
            when baseline.area_code is not null then baseline.children_status
            -- a series that begins later has none
            when dated.measure_key <> 'children_looked_after' then 'not_applicable'
            else 'not_available'
        end as baseline_children_status,
        baseline.known_from as baseline_known_from,
        baseline.loaded_at as baseline_loaded_at,
        baseline.revision_status as baseline_revision_status
    from dated
    left join counts as baseline
        on
            dated.area_code = baseline.area_code
            and dated.code = baseline.code
            and dated.series_id = baseline.series_id
            and dated.is_synthetic = baseline.is_synthetic
            and dated.baseline_date = baseline.snapshot_date
)

select
    based.area_code,
    based.area_version_key,
    based.area_name_en,
    based.area_name_cy,
    based.coverage_en,
    based.coverage_cy,
    based.snapshot_date,
    based.code as location,
    {{ label_of('based.code', placement_locations(), 'en') }} as location_en,
    {{ label_of('based.code', placement_locations(), 'cy') }} as location_cy,
    based.children,
    based.children_status,
    based.share_pct,
    based.share_pct_status,
    based.denominator,
    based.denominator_status,
    based.denominator_measure_key,
    based.denominator_source_key,
    based.baseline_children,
    based.baseline_children_status,
    based.baseline_date,
    based.rounding_base,
    based.qualifier,
    based.population_definition_en,
    based.population_definition_cy,
    based.measure_key,
    based.measure_version_key,
    based.series_id,
    -- a part of all placements, never the whole of them
    false as is_total,
    'all' as adds_to,
    case when based.area_type <> 'country' then 'W92000004' end as area_adds_to,
    case when based.areas_expected is not null then 'published' end as total_basis,
    based.areas_reporting,
    based.areas_expected,
    {{ revision_status_of([
        'based.revision_status', 'based.denominator_revision_status', 'based.baseline_revision_status'
    ]) }} as revision_status,
    based.note_codes,
    based.source_key,
    {{ latest_of(['based.known_from', 'based.denominator_known_from', 'based.baseline_known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['based.loaded_at', 'based.denominator_loaded_at', 'based.baseline_loaded_at']) }} as loaded_at,
    'public' as audience,
    {{ latest_of(['based.known_from', 'based.denominator_known_from', 'based.baseline_known_from']) }} as release_at,
    based.is_synthetic
from based
