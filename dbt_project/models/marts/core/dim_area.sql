select
    versions.area_code,
    versions.area_version_key,
    versions.official_code,
    versions.area_type,
    versions.area_name_en,
    versions.area_name_cy,
    versions.name_locative_en,
    versions.name_locative_cy,
    versions.valid_from,
    versions.valid_to,
    -- as of the moment that the build shows, not of the day on which somebody reads it
    versions.valid_from <= moment.built_on
    and (versions.valid_to is null or versions.valid_to > moment.built_on) as is_current,
    versions.applies_to = cast('9999-12-31' as date) as is_last_version
from {{ ref('int_area_versions') }} as versions
cross join {{ ref('int_build_moment') }} as moment
