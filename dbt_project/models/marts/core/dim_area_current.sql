-- One row an area that is valid now. What joins facts of any time takes `dim_area` by `area_version_key`.
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
    valid_to
from {{ ref('dim_area') }}
where is_current
