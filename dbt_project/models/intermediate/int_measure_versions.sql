-- The versions of each measure, and which dates each answers for: a figure older than the first version is its.
with definitions as (
    -- measures that the dataset registry defines
    select
        measure_key,
        official_code,
        framework,
        title_en,
        title_cy,
        definition_en,
        definition_cy,
        population_definition_en,
        population_definition_cy,
        unit,
        cast(rate_base as {{ dbt.type_string() }}) as rate_base,
        scale,
        rounding_base,
        cast(null as {{ dbt.type_string() }}) as direction_of_good,
        valid_from,
        -- of a framework's measures, its framework says these (ingestion/statswales/datasets.yml)
        valid_to,
        comparable_to_previous,
        confidence,
        series_id
    from {{ source('lake', 'registry_measures') }}

    union all

    -- measures that the warehouse works out
    select
        measure_key,
        official_code,
        framework,
        title_en,
        title_cy,
        definition_en,
        definition_cy,
        population_definition_en,
        population_definition_cy,
        unit,
        rate_base,
        scale,
        rounding_base,
        direction_of_good,
        valid_from,
        valid_to,
        comparable_to_previous,
        cast(null as {{ dbt.type_string() }}) as confidence,
        series_id
    from {{ ref('measures') }}

    union all

    -- official measures of before the Act, of which no dataset is known
    select
        measure_key,
        official_code,
        framework,
        title_en,
        title_cy,
        definition_en,
        definition_cy,
        cast(null as {{ dbt.type_string() }}) as population_definition_en,
        cast(null as {{ dbt.type_string() }}) as population_definition_cy,
        unit,
        cast(null as {{ dbt.type_string() }}) as rate_base,
        cast(1 as bigint) as scale,
        cast(null as bigint) as rounding_base,
        cast(null as {{ dbt.type_string() }}) as direction_of_good,
        valid_from,
        valid_to,
        cast(null as boolean) as comparable_to_previous,
        confidence,
        measure_key as series_id
    from {{ ref('pre_act_measures') }}
)

select
    measure_key,
    measure_key || '@' || cast(valid_from as {{ dbt.type_string() }}) as measure_version_key,
    official_code,
    framework,
    title_en,
    title_cy,
    definition_en,
    definition_cy,
    population_definition_en,
    population_definition_cy,
    unit,
    rate_base,
    scale,
    rounding_base,
    direction_of_good,
    valid_from,
    valid_to,
    comparable_to_previous,
    confidence,
    series_id,
    case
        when row_number() over (partition by measure_key order by valid_from) = 1 then cast('0001-01-01' as date)
        else valid_from
    end as applies_from,
    coalesce(
        lead(valid_from) over (partition by measure_key order by valid_from), cast('9999-12-31' as date)
    ) as applies_to
from definitions
