-- One row an area: its last version, also for an area that is no more, so that a plain join loses no fact.
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
