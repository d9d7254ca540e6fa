-- One row a measure that is valid now. What joins facts of any time takes `dim_measure` by `measure_version_key`.
select
    measure_key,
    measure_version_key,
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
    series_id
from {{ ref('dim_measure') }}
where is_current
