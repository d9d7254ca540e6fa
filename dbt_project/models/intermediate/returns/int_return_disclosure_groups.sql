-- Grain: group_id × cell_id. A whole and its parts, where both are published: of such a group none or at least two may be
-- suppressed, or the one is what is left of the others.
with
cells as (
    select * from {{ ref('int_return_disclosure_cells') }}
),

submissions as (
    select * from {{ ref('int_return_submissions') }}
    where is_public
),

-- across the columns of a row. Parts that `sums_to` a column make it up; those that `adds_to` it may leave a rest, but one
-- that is small, or what several parts leave, hides nothing
column_parts as (
    select
        part.set_id || '|' || part.sums_to_role as whole_id,
        part.set_id || '|sums_to|' || part.sums_to_role as group_id,
        part.cell_id,
        part.value
    from cells as part
    where part.sums_to_role is not null

    union all

    select
        part.set_id || '|' || part.adds_to_role as whole_id,
        part.set_id || '|adds_to|' || part.adds_to_role as group_id,
        part.cell_id,
        part.value
    from cells as part
    where part.adds_to_role is not null
),

column_groups as (
    select
        parts.group_id,
        parts.whole_id
    from column_parts as parts
    inner join cells as whole on parts.whole_id = whole.cell_id
    group by parts.group_id, parts.whole_id
    having
        max(case when parts.group_id like '%|sums_to|%' then 1 else 0 end) = 1
        or count(*) >= 2
        or coalesce(max(whole.value) - sum(parts.value), 0) < 5
),

-- across the rows of a submission: an authority that rows name, and the submitter
row_parts as (
    select
        sums.cell_id as group_id,
        sums.cell_id as whole_id,
        parts.cell_id
    from cells as sums
    inner join cells as parts
        on
            sums.submission_id = parts.submission_id
            and sums.sheet = parts.sheet
            and sums.subject = parts.subject
            and sums.role = parts.role
            and parts.level = 'row'
    where sums.level = 'submitter' or (sums.level = 'row_area' and sums.area_code = parts.area_code)

    union all

    select
        sums.cell_id || '|areas' as group_id,
        sums.cell_id as whole_id,
        parts.cell_id
    from cells as sums
    inner join cells as parts
        on
            sums.submission_id = parts.submission_id
            and sums.sheet = parts.sheet
            and sums.subject = parts.subject
            and sums.role = parts.role
            and parts.level = 'row_area'
    where sums.level = 'submitter'
),

-- across areas: the submitters of a region and of Wales, and the regions of Wales, at each moment
submitter_cells as (
    select
        cells.cell_id,
        cells.sheet,
        cells.subject,
        cells.role,
        submissions.return_key,
        submissions.period_key,
        submissions.period_end,
        submissions.area_code,
        submissions.public_from,
        submissions.public_to
    from cells
    inner join submissions on cells.submission_id = submissions.submission_id
    where cells.level = 'submitter'
),

area_sums as (
    select
        cells.cell_id,
        cells.level,
        cells.sheet,
        cells.subject,
        cells.role,
        cells.area_code,
        case when cells.level = 'region' then cells.area_code end as region_code,
        cells.state_at,
        sums.return_key,
        sums.period_key
    from cells
    inner join {{ ref('int_return_sums') }} as sums on cells.set_id = sums.set_id and cells.role = sums.role
    where cells.level in ('region', 'country')
),

area_parts as (
    select
        sums.cell_id as group_id,
        sums.cell_id as whole_id,
        parts.cell_id
    from area_sums as sums
    inner join submitter_cells as parts
        on
            sums.return_key = parts.return_key
            and sums.period_key = parts.period_key
            and sums.sheet = parts.sheet
            and sums.subject = parts.subject
            and sums.role = parts.role
            and sums.state_at >= parts.public_from
            and (parts.public_to is null or sums.state_at < parts.public_to)
    left join {{ ref('area_memberships') }} as memberships
        on
            sums.region_code = memberships.group_area_code
            and parts.area_code = memberships.member_area_code
            and parts.period_end >= memberships.valid_from
            and (memberships.valid_to is null or parts.period_end < memberships.valid_to)
    where sums.level = 'country' or memberships.member_area_code is not null

    union all

    select
        sums.cell_id || '|regions' as group_id,
        sums.cell_id as whole_id,
        parts.cell_id
    from area_sums as sums
    inner join area_sums as parts
        on
            sums.return_key = parts.return_key
            and sums.period_key = parts.period_key
            and sums.sheet = parts.sheet
            and sums.subject = parts.subject
            and sums.role = parts.role
            and sums.state_at = parts.state_at
            and parts.level = 'region'
    where sums.level = 'country'
),

united as (
    select
        column_groups.group_id,
        column_groups.whole_id,
        column_parts.cell_id
    from column_groups
    inner join column_parts on column_groups.group_id = column_parts.group_id
    union all
    select * from row_parts
    union all
    select * from area_parts
)

select
    group_id,
    cell_id,
    0 as is_whole
from united

union

select
    group_id,
    whole_id as cell_id,
    1 as is_whole
from united
