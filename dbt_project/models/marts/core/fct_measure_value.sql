with areas_of_cells as (
    -- which levels of areas a source gives one thing for: a row is a total by its area only beside rows of a level below
    select
        cells.source_key,
        cells.measure_key,
        cells.period_key,
        cells.breakdown,
        min({{ area_level('areas.area_type') }}) as lowest_level
    from {{ ref('int_observation_intervals') }} as cells
    inner join {{ ref('dim_area') }} as areas on cells.area_code = areas.area_code and areas.is_last_version
    group by cells.source_key, cells.measure_key, cells.period_key, cells.breakdown
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
        areas_of_cells.lowest_level,
        {{ area_level('areas.area_type') }} > areas_of_cells.lowest_level as is_total_of_areas,
        {{ adds_up('measures.unit', 'measures.rate_base') }} as adds_up
    from {{ ref('int_observation_intervals') }} as intervals
    inner join {{ ref('int_measure_versions') }} as measures
        on intervals.measure_version_key = measures.measure_version_key
    inner join {{ ref('int_area_versions') }} as areas
        on
            intervals.area_code = areas.area_code
            and intervals.period_end >= areas.applies_from
            and intervals.period_end < areas.applies_to
    inner join areas_of_cells
        on
            intervals.source_key = areas_of_cells.source_key
            and intervals.measure_key = areas_of_cells.measure_key
            and intervals.period_key = areas_of_cells.period_key
            and intervals.breakdown = areas_of_cells.breakdown
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
    is_whole or is_total_of_areas as is_total,
    case
        when not adds_up then null
        when breakdown like '%; %' then {{ replace_all('breakdown', '; [^;]*$', '') }}
        when breakdown <> 'all' then 'all'
        when area_type <> 'country' then 'W92000004'
    end as adds_to,
    case when is_whole or is_total_of_areas then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    -- the authorities that Wales is made of; where a source gives Wales alone, or boards, there is nothing to count
    cast(case when area_type = 'country' and is_total_of_areas and lowest_level = 1 then 22 end as bigint)
        as areas_expected,
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
