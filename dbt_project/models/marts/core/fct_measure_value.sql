with source_areas as (
    -- a national row is a total only beside the authorities' own rows
    select
        intervals.source_key,
        max(case when areas.area_type = 'local_authority' then 1 else 0 end) = 1 as has_authorities
    from (select distinct
        source_key,
        area_code
    from {{ ref('int_observation_intervals') }}) as intervals
    inner join {{ ref('dim_area_current') }} as areas on intervals.area_code = areas.area_code
    group by intervals.source_key
),

facts as (
    select
        intervals.*,
        measures.unit,
        measures.population_definition_en,
        measures.population_definition_cy,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        intervals.is_whole or (areas.area_type <> 'local_authority' and source_areas.has_authorities) as is_total
    from {{ ref('int_observation_intervals') }} as intervals
    inner join {{ ref('int_measure_versions') }} as measures
        on intervals.measure_version_key = measures.measure_version_key
    inner join {{ ref('int_area_versions') }} as areas
        on
            intervals.area_code = areas.area_code
            and intervals.period_end >= areas.applies_from
            and intervals.period_end < areas.applies_to
    inner join source_areas on intervals.source_key = source_areas.source_key
)

select
    measure_key,
    measure_version_key,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    period_key,
    period_start,
    period_end,
    breakdown,
    source_key,
    value,
    unit,
    value_status,
    revision_status,
    note_codes,
    cast(null as {{ dbt.type_string() }}) as qualifier,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(null as double) as lower_ci,
    cast(null as double) as upper_ci,
    known_from,
    known_to,
    is_latest,
    loaded_at,
    series_id,
    is_total,
    case
        when breakdown like '%; %' then {{ replace_all('breakdown', '; [^;]*$', '') }}
        when breakdown <> 'all' then 'all'
        when area_type = 'local_authority' then 'W92000004'
    end as adds_to,
    case when is_total then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(case when area_code = 'W92000004' then 22 end as bigint) as areas_expected,
    population_definition_en,
    population_definition_cy,
    cast(null as {{ dbt.type_string() }}) as coverage_en,
    cast(null as {{ dbt.type_string() }}) as coverage_cy,
    'public' as audience,
    known_from as release_at,
    is_synthetic,
    load_id,
    landed_sha256,
    source_row,
    correction_id
from facts
