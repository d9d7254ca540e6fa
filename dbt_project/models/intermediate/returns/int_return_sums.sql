-- Grain: set_id × role. What the marts publish beside the rows themselves, before protection: sums over the rows of a
-- submission (for an authority that a row names, and for the submitter), and over the submissions that counted at a moment
-- (for a region by its members on the period’s last day, and for Wales). A sum over submissions has a row for each stretch of
-- time between two changes of what was public.
with
submissions as (
    select * from {{ ref('int_return_submissions') }}
    where is_public
),

cells as (
    select
        cells.*,
        submissions.area_code,
        submissions.area_type,
        submissions.period_key,
        submissions.period_end,
        submissions.public_from,
        submissions.public_to
    from {{ ref('int_return_cells') }} as cells
    inner join submissions on cells.submission_id = submissions.submission_id
    where
        cells.feed in {{ summed_feeds() }}
        and (cells.feed <> 'measures' or cells.sheet = {{ workforce_sheet() }})
        and (cells.type in {{ additive_types() }} or (cells.type = 'constant' and cells.value_number is not null))
),

of_rows as (
    select
        'row_area' as level,
        row_area_code as sum_area_code,
        *
    from cells
    where row_area_code <> area_code

    union all

    select
        'submitter' as level,
        area_code as sum_area_code,
        *
    from cells
),

within_submissions as (
    select
        level,
        submission_id,
        return_key,
        period_key,
        sheet,
        feed,
        role,
        subject,
        sum_area_code as area_code,
        max(area_type) as area_type,
        max(period_end) as period_end,
        max(unit) as unit,
        max(type) as type,
        max(sums_to_role) as sums_to_role,
        max(adds_to_role) as adds_to_role,
        max(case when is_disclosive then 1 else 0 end) = 1 as is_disclosive,
        sum(value_number) as value_number,
        count(value_number) as rows_with_value,
        count(*) as rows_there,
        max(case when value_status = 'suppressed' then 1 else 0 end) = 1 as is_withheld,
        min(case when value_number is null then value_status end) as status_without_value,
        min(public_from) as public_from,
        max(public_to) as public_to
    from of_rows
    group by level, submission_id, return_key, period_key, sheet, feed, role, subject, sum_area_code
),

-- the stretches of time between two changes of what was public of a return and period
moments as (
    select
        return_key,
        period_key,
        public_from as state_from
    from submissions
    union
    select
        return_key,
        period_key,
        public_to
    from submissions
    where public_to is not null
),

states as (
    select
        return_key,
        period_key,
        state_from,
        lead(state_from) over (partition by return_key, period_key order by state_from) as state_to
    from moments
),

memberships as (
    select
        member_area_code,
        group_area_code,
        group_type,
        valid_from,
        valid_to
    from {{ ref('area_memberships') }}
    where group_type = 'regional_partnership_board'
),

-- to what the submitters add up: every one to Wales; what authorities measure to their region as well
wholes as (
    select
        submissions.submission_id,
        'W92000004' as group_area_code
    from submissions
    where submissions.area_type <> 'country'

    union all

    select
        submissions.submission_id,
        memberships.group_area_code
    from submissions
    inner join memberships
        on
            submissions.area_code = memberships.member_area_code
            and submissions.period_end >= memberships.valid_from
            and (memberships.valid_to is null or submissions.period_end < memberships.valid_to)
    where submissions.area_type = 'local_authority'
),

over_submissions as (
    select
        case wholes.group_area_code when 'W92000004' then 'country' else 'region' end as level,
        parts.return_key,
        parts.period_key,
        parts.sheet,
        parts.feed,
        parts.role,
        parts.subject,
        wholes.group_area_code as area_code,
        states.state_from,
        max(states.state_to) as state_to,
        max(parts.period_end) as period_end,
        max(parts.unit) as unit,
        max(parts.type) as type,
        max(parts.sums_to_role) as sums_to_role,
        max(parts.adds_to_role) as adds_to_role,
        max(case when parts.is_disclosive then 1 else 0 end) = 1 as is_disclosive,
        sum(parts.value_number) as value_number,
        -- an area is in the sum where each of its rows has a value
        sum(case when parts.rows_with_value = parts.rows_there then 1 else 0 end) as areas_reporting,
        sum(case when parts.value_number is not null then 1 else 0 end) as areas_with_value,
        max(case when parts.is_withheld then 1 else 0 end) = 1 as is_withheld,
        min(parts.status_without_value) as status_without_value
    from within_submissions as parts
    inner join wholes on parts.submission_id = wholes.submission_id
    inner join states
        on
            parts.return_key = states.return_key
            and parts.period_key = states.period_key
            and parts.public_from <= states.state_from
            and (parts.public_to is null or parts.public_to > states.state_from)
    where
        parts.level = 'submitter'
        and (wholes.group_area_code = 'W92000004' or parts.feed = 'measures')
    group by
        wholes.group_area_code,
        parts.return_key,
        parts.period_key,
        parts.sheet,
        parts.feed,
        parts.role,
        parts.subject,
        states.state_from
),

expected as (
    select
        expected.return_key,
        expected.period_key,
        'W92000004' as area_code,
        count(*) as areas_expected
    from {{ ref('stg_returns__expected') }} as expected
    where expected.is_required
    group by expected.return_key, expected.period_key

    union all

    select
        expected.return_key,
        expected.period_key,
        memberships.group_area_code as area_code,
        count(*) as areas_expected
    from {{ ref('stg_returns__expected') }} as expected
    inner join memberships
        on
            expected.area_code = memberships.member_area_code
            and expected.period_end >= memberships.valid_from
            and (memberships.valid_to is null or expected.period_end < memberships.valid_to)
    where expected.is_required
    group by expected.return_key, expected.period_key, memberships.group_area_code
),

united as (
    select
        level || '|' || submission_id || '|' || sheet || '|' || subject || '|' || area_code as set_id,
        level,
        submission_id,
        return_key,
        period_key,
        sheet,
        feed,
        role,
        subject,
        area_code,
        public_from,
        public_to,
        unit,
        type,
        sums_to_role,
        adds_to_role,
        is_disclosive,
        is_withheld,
        value_number,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        case
            when is_withheld then 'suppressed'
            when rows_with_value = 0 then status_without_value
            when rows_with_value < rows_there then 'partial'
            when rows_there = 1 then 'reported'
            else 'derived'
        end as value_status
    from within_submissions

    union all

    select
        over_submissions.level || '|' || over_submissions.return_key || '|' || over_submissions.period_key || '|'
        || over_submissions.sheet || '|' || over_submissions.subject || '|' || over_submissions.area_code || '|'
        || cast(over_submissions.state_from as {{ dbt.type_string() }}) as set_id,
        over_submissions.level,
        cast(null as {{ dbt.type_string() }}) as submission_id,
        over_submissions.return_key,
        over_submissions.period_key,
        over_submissions.sheet,
        over_submissions.feed,
        over_submissions.role,
        over_submissions.subject,
        over_submissions.area_code,
        over_submissions.state_from as public_from,
        over_submissions.state_to as public_to,
        over_submissions.unit,
        over_submissions.type,
        over_submissions.sums_to_role,
        over_submissions.adds_to_role,
        over_submissions.is_disclosive,
        over_submissions.is_withheld,
        over_submissions.value_number,
        cast(over_submissions.areas_reporting as bigint) as areas_reporting,
        cast(greatest(coalesce(expected.areas_expected, 0), over_submissions.areas_reporting) as bigint)
            as areas_expected,
        case
            when over_submissions.is_withheld then 'suppressed'
            when over_submissions.areas_with_value = 0 then over_submissions.status_without_value
            when over_submissions.areas_reporting < coalesce(expected.areas_expected, 0) then 'partial'
            else 'derived'
        end as value_status
    from over_submissions
    left join expected
        on
            over_submissions.return_key = expected.return_key
            and over_submissions.period_key = expected.period_key
            and over_submissions.area_code = expected.area_code
)

select * from united
