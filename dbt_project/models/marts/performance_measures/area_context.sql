-- Grain: area_code × year. What bears on the number of children in care and is not the authority's doing (rule R8). A year
-- is that of the mid-year population; its financial year and its school year begin in it.
with
populations as (
    select
        area_code,
        cast(year(reference_date) as {{ dbt.type_string() }}) as year,
        population,
        population_status,
        total_basis,
        source_key,
        known_from,
        is_synthetic,
        row_number() over (
            partition by area_code, reference_date
            order by
                case when population is not null then 0 else 1 end asc,
                case when is_synthetic then 1 else 0 end asc,
                known_from desc,
                source_key asc
        ) as place
    from {{ ref('int_population_under_18') }}
    where known_to is null
),

-- authorities whose population is known in a year, of those that there were
reporting as (
    select
        populations.year,
        count(populations.population) as areas_reporting,
        count(*) as areas_expected
    from populations
    inner join {{ ref('int_area_versions') }} as areas
        on
            populations.area_code = areas.area_code
            and areas.area_type = 'local_authority'
            and {{ date_of('cast(populations.year as integer)', 6, 30) }} >= areas.applies_from
            and {{ date_of('cast(populations.year as integer)', 6, 30) }} < areas.applies_to
    where populations.place = 1
    group by populations.year
),

meals as (
    select
        area_code,
        substr(period_key, 1, 4) as year,
        value,
        value_status,
        source_key,
        known_from,
        loaded_at,
        revision_status,
        is_synthetic
    from {{ ref('int_current_values') }}
    where
        measure_key = 'free_school_meals_percent'
        and breakdown = 'all'
        and period_kind = 'school_year'
        and figure_kind = 'actual'
        and place = 1
),

held as (
    select
        area_code,
        year
    from populations
    union
    select
        area_code,
        year
    from meals
),

dated as (
    select
        *,
        {{ date_of('cast(year as integer)', 6, 30) }} as reference_date,
        {{ date_of('cast(year as integer) + 1', 3, 31) }} as snapshot_date
    from held
)

select
    dated.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    dated.year,
    {{ financial_year('dated.snapshot_date') }} as financial_year,
    dated.snapshot_date,
    -- no index of deprivation is loaded
    cast(null as double) as deprivation_share_pct,
    'not_available' as deprivation_share_pct_status,
    meals.value as free_school_meals_pct,
    coalesce(meals.value_status, 'not_available') as free_school_meals_pct_status,
    populations.population as population_under_18,
    coalesce(populations.population_status, 'not_available') as population_under_18_status,
    dated.reference_date as population_reference_date,
    -- which authorities a family court area has is not settled from a source
    cast(null as {{ dbt.type_string() }}) as court_area_en,
    cast(null as {{ dbt.type_string() }}) as court_area_cy,
    'not_available' as court_area_status,
    'area_context' as series_id,
    areas.area_type = 'country' as is_total,
    case
        when areas.area_type = 'country' and populations.population is not null
            then coalesce(populations.total_basis, 'published')
    end as total_basis,
    case when areas.area_type <> 'country' then 'W92000004' end as adds_to,
    case when areas.area_type = 'country' then cast(reporting.areas_reporting as bigint) end as areas_reporting,
    case when areas.area_type = 'country' then cast(reporting.areas_expected as bigint) end as areas_expected,
    coalesce(populations.source_key, meals.source_key) as source_key,
    meals.source_key as free_school_meals_source_key,
    meals.revision_status,
    {{ latest_of(['populations.known_from', 'meals.known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['populations.known_from', 'meals.loaded_at']) }} as loaded_at,
    'public' as audience,
    {{ latest_of(['populations.known_from', 'meals.known_from']) }} as release_at,
    coalesce(populations.is_synthetic, false) or coalesce(meals.is_synthetic, false) as is_synthetic
from dated
inner join {{ ref('int_area_versions') }} as areas
    on
        dated.area_code = areas.area_code
        and dated.reference_date >= areas.applies_from
        and dated.reference_date < areas.applies_to
left join populations
    on
        dated.area_code = populations.area_code
        and dated.year = populations.year
        and populations.place = 1
left join meals on dated.area_code = meals.area_code and dated.year = meals.year
left join reporting on dated.year = reporting.year
