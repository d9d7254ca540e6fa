-- Grain: area_code × snapshot_date × placement_type. Children looked after on 31 March by the kind of placement, with the
-- share of all. `away_from_family` overlaps the other kinds and is part of none.
with
counts as (
    select * from {{ ref('int_placement_counts') }}
    where kind = 'placement_type'
),

shared as (
    {{ shares_of_headline('counts') }}
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
    case
        when {{ ratio_status(['shared.children_status', 'shared.denominator_status'], 'shared.denominator') }} = 'derived'
            then 100.0 * cast(shared.children as double) / cast(shared.denominator as double)
    end as share_pct,
    {{ ratio_status(['shared.children_status', 'shared.denominator_status'], 'shared.denominator') }} as share_pct_status,
    shared.denominator,
    coalesce(shared.denominator_status, 'not_available') as denominator_status,
    shared.denominator_source_key,
    shared.rounding_base,
    shared.qualifier,
    shared.population_definition_en,
    shared.population_definition_cy,
    shared.measure_key,
    shared.measure_version_key,
    shared.series_id,
    -- a part of all placements, never the whole of them
    false as is_total,
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
where shared.denominator_choice = 1
