-- The versions of each area, and which dates each answers for: publishers give figures for years before an area was
-- set up on the area as it first was, and for years after it ended on the area as it last was.
select
    area_code,
    area_code || '@' || cast(valid_from as {{ dbt.type_string() }}) as area_version_key,
    official_code,
    area_type,
    area_name_en,
    area_name_cy,
    name_locative_en,
    name_locative_cy,
    valid_from,
    valid_to,
    case
        when row_number() over (partition by area_code order by valid_from) = 1 then cast('0001-01-01' as date)
        else valid_from
    end as applies_from,
    coalesce(
        lead(valid_from) over (partition by area_code order by valid_from), cast('9999-12-31' as date)
    ) as applies_to
from {{ ref('areas') }}
