select
    memberships.member_area_code,
    member.area_name_en as member_area_name_en,
    member.area_name_cy as member_area_name_cy,
    memberships.group_area_code,
    whole.area_name_en as group_area_name_en,
    whole.area_name_cy as group_area_name_cy,
    memberships.group_type,
    memberships.valid_from,
    memberships.valid_to,
    memberships.certainty
from {{ ref('area_memberships') }} as memberships
inner join {{ ref('dim_area') }} as member
    on memberships.member_area_code = member.area_code and member.is_last_version
inner join {{ ref('dim_area') }} as whole
    on memberships.group_area_code = whole.area_code and whole.is_last_version
