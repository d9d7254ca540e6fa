select
    area_code,
    area_version_key,
    official_code,
    area_type,
    area_name_en,
    area_name_cy,
    name_locative_en,
    name_locative_cy,
    valid_from,
    valid_to,
    applies_to = cast('9999-12-31' as date) as is_current
from {{ ref('int_area_versions') }}
