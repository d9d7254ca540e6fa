select
    versions.measure_key,
    versions.measure_version_key,
    versions.official_code,
    versions.framework,
    versions.title_en,
    versions.title_cy,
    versions.definition_en,
    versions.definition_cy,
    versions.population_definition_en,
    versions.population_definition_cy,
    versions.unit,
    versions.rate_base,
    versions.scale,
    versions.rounding_base,
    versions.direction_of_good,
    versions.valid_from,
    versions.valid_to,
    versions.comparable_to_previous,
    versions.confidence,
    versions.series_id,
    -- as of the moment that the build shows, not of the day on which somebody reads it
    versions.valid_from <= moment.built_on
    and (versions.valid_to is null or versions.valid_to > moment.built_on) as is_current,
    versions.applies_to = cast('9999-12-31' as date) as is_last_version
from {{ ref('int_measure_versions') }} as versions
cross join {{ ref('int_build_moment') }} as moment
