-- Grain: return_key × period_key × sheet × subject × area_code × role. The sums that stand now, protected, with the area and
-- what is known of them: of a submitter, of an authority that its rows name, of a region by membership and of Wales.
with
sums as (
    select
        *,
        case when level = 'submitter' then area_code end as member_code
    from {{ ref('int_return_sums_protected') }}
    where public_to is null
),

submissions as (
    select * from {{ ref('int_return_submissions') }}
    where is_public and known_to is null
),

-- a sum over several submissions was got when the last of them was, and is for whoever may see all of them
periods as (
    select
        return_key,
        period_key,
        max(source_key) as source_key,
        min(period_start) as period_start,
        max(period_end) as period_end,
        max(accepted_at) as accepted_at,
        max(release_at) as release_at,
        case when max(case when audience = 'official' then 1 else 0 end) = 1 then 'official' else 'public' end as audience,
        max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from submissions
    group by return_key, period_key
),

memberships as (
    select
        member_area_code,
        group_area_code,
        valid_from,
        valid_to
    from {{ ref('area_memberships') }}
    where group_type = 'regional_partnership_board'
)

select
    sums.return_key,
    periods.source_key,
    sums.period_key,
    periods.period_start,
    periods.period_end,
    sums.sheet,
    sums.feed,
    sums.subject,
    sums.level,
    sums.role,
    sums.unit,
    sums.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    areas.area_type,
    sums.submission_id,
    submissions.area_code as submitter_area_code,
    submissions.submission_version,
    submissions.language,
    sums.value_number,
    sums.value_status,
    sums.rounding_base,
    sums.level in ('region', 'country') or (sums.level = 'submitter' and areas.area_type <> 'local_authority') as is_total,
    case
        when sums.area_code = 'W92000004' then null
        when sums.level = 'row_area' then submissions.area_code
        when sums.level = 'submitter' and sums.feed = 'measures' then coalesce(memberships.group_area_code, 'W92000004')
        else 'W92000004'
    end as adds_to,
    case when sums.level in ('region', 'country') then 'sum' end as total_basis,
    sums.areas_reporting,
    sums.areas_expected,
    sums.public_from as known_from,
    sums.public_to as known_to,
    coalesce(submissions.accepted_at, periods.accepted_at) as loaded_at,
    coalesce(submissions.audience, periods.audience) as audience,
    coalesce(submissions.release_at, periods.release_at) as release_at,
    coalesce(submissions.is_synthetic, periods.is_synthetic) as is_synthetic
from sums
inner join periods on sums.return_key = periods.return_key and sums.period_key = periods.period_key
left join submissions on sums.submission_id = submissions.submission_id
inner join {{ ref('int_area_versions') }} as areas
    on
        sums.area_code = areas.area_code
        and periods.period_end >= areas.applies_from
        and periods.period_end < areas.applies_to
left join memberships
    on
        sums.member_code = memberships.member_area_code
        and periods.period_end >= memberships.valid_from
        and (memberships.valid_to is null or periods.period_end < memberships.valid_to)
