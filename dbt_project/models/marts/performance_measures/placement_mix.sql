-- Grain: area_code × snapshot_date × placement_type. Children looked after on 31 March by the kind of placement, with the
-- share of all. `away_from_family` overlaps the other kinds and is part of none.
with
counts as (
    select * from {{ ref('int_placement_counts') }}
    where kind = 'placement_type'
),

shared as (
    {{ placement_shares('counts') }}
)

select
    shared.area_code,
    shared.area_version_key,
    shared.area_name_en,
    shared.area_name_cy,
    shared.coverage_en,
    shared.coverage_cy,
    shared.snapshot_date,
    shared.code as placement_type,
    {{ label_of('shared.code', placement_types(), 'en') }} as placement_type_en,
    {{ label_of('shared.code', placement_types(), 'cy') }} as placement_type_cy,
    shared.children,
    shared.children_status,
    shared.share_pct,
    shared.share_pct_status,
    shared.denominator,
    shared.denominator_status,
    shared.denominator_measure_key,
    shared.denominator_source_key,
    shared.rounding_base,
    shared.qualifier,
    shared.population_definition_en,
    shared.population_definition_cy,
    shared.measure_key,
    shared.measure_version_key,
    shared.series_id,
    -- the whole of several kinds that stand beside it; the others are parts of all placements, which has no row here
    shared.code = 'away_from_family' as is_total,
    case when shared.code <> 'away_from_family' then 'all' end as adds_to,
    case when shared.area_type <> 'country' then 'W92000004' end as area_adds_to,
    case when shared.areas_expected is not null then 'published' end as total_basis,
    shared.areas_reporting,
    shared.areas_expected,
    {{ revision_status_of(['shared.revision_status', 'shared.denominator_revision_status']) }} as revision_status,
    shared.note_codes,
    shared.source_key,
    {{ latest_of(['shared.known_from', 'shared.denominator_known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['shared.loaded_at', 'shared.denominator_loaded_at']) }} as loaded_at,
    'public' as audience,
    {{ latest_of(['shared.known_from', 'shared.denominator_known_from']) }} as release_at,
    shared.is_synthetic
from shared
