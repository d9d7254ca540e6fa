-- Grain: set_id × role. What the marts publish beside the rows themselves, before protection: sums over the rows of a
-- submission (for an authority that a row names, and for the submitter), and over the submissions that counted at a moment
-- (for a region by its members on the period’s last day, and for Wales). A sum over submissions has a row for each stretch of
-- time between two changes of what was public. A sum that lacks a row is partial, and so is every sum over it.
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
    {%- for level, area in [('row_area', 'row_area_code'), ('submitter', 'area_code')] %}
        {{ 'union all' if not loop.first }}
        select
            '{{ level }}' as level,
            {{ area }} as sum_area_code,
            submission_id,
            return_key,
            period_key,
            sheet,
            feed,
            role,
            subject,
            area_type,
            period_end,
            unit,
            type,
            sums_to_role,
            adds_to_role,
            is_disclosive,
            value_number,
            value_status,
            public_from,
            public_to
        from cells
        {{ 'where row_area_code <> area_code' if level == 'row_area' }}
    {%- endfor %}
),

-- the rows that an error keeps out of a submission that was accepted in part. A pasted total is no part of a sum, and no error
error_rows as (
    select distinct
        submission_id,
        sheet,
        row_number
    from {{ ref('stg_returns__problems') }}
    where quarantines_row and severity = 'error' and row_number is not null
),

lost_cells as (
    select
        error_rows.submission_id,
        error_rows.sheet,
        error_rows.row_number,
        columns.feed,
        coalesce(columns.role, columns.column_name) as role,
        columns.type,
        columns.unit,
        coalesce(columns.is_grain, false) as is_grain,
        case when columns.type = 'constant' then columns.constant else quarantined.value end as value
    from error_rows
    inner join submissions on error_rows.submission_id = submissions.submission_id
    inner join {{ ref('stg_returns__columns') }} as columns
        on
            submissions.return_key = columns.return_key
            and submissions.template_version = columns.template_version
            and error_rows.sheet = columns.sheet
    left join {{ ref('stg_returns__quarantined_cells') }} as quarantined
        on
            error_rows.submission_id = quarantined.submission_id
            and error_rows.sheet = quarantined.sheet
            and error_rows.row_number = quarantined.row_number
            and columns.column_name = quarantined.column_name
    where
        columns.feed in {{ summed_feeds() }}
        and (columns.feed <> 'measures' or columns.sheet = {{ workforce_sheet() }})
),

-- what such a row is about; NULL where that is what is wrong with it
lost_subjects as (
    select
        submission_id,
        sheet,
        row_number,
        {{ join_texts("(role || '=' || coalesce(value, ''))", '; ', 'role') }} as subject,
        max(case when value is null then 1 else 0 end) = 1 as is_unknown
    from lost_cells
    where feed in {{ feeds_by_subject() }} and ((is_grain and type <> 'area') or type = 'constant')
    group by submission_id, sheet, row_number
),

lost_areas as (
    select
        submission_id,
        sheet,
        row_number,
        max(case when is_grain and type = 'area' then 1 else 0 end) = 1 as names_area,
        max(case when is_grain and type = 'area' then value end) as row_area_code
    from lost_cells
    group by submission_id, sheet, row_number
),

lost_rows as (
    select
        lost_areas.submission_id,
        lost_areas.sheet,
        lost_areas.row_number,
        lost_areas.names_area,
        lost_areas.row_area_code,
        submissions.area_code,
        submissions.period_end,
        case when not coalesce(lost_subjects.is_unknown, false) then coalesce(lost_subjects.subject, '') end as subject
    from lost_areas
    inner join submissions on lost_areas.submission_id = submissions.submission_id
    left join lost_subjects
        on
            lost_areas.submission_id = lost_subjects.submission_id
            and lost_areas.sheet = lost_subjects.sheet
            and lost_areas.row_number = lost_subjects.row_number
),

sets as (
    select distinct
        level,
        sum_area_code,
        submission_id,
        sheet,
        subject
    from of_rows
),

-- the sums that lack it: of its submitter, of the authority that it names, and where it is not known of which it is a part of
-- each that it may be
lost_places as (
    select
        'submitter' as level,
        area_code as sum_area_code,
        submission_id,
        sheet,
        row_number,
        subject
    from lost_rows
    where subject is not null

    union

    select
        'row_area' as level,
        lost_rows.row_area_code as sum_area_code,
        lost_rows.submission_id,
        lost_rows.sheet,
        lost_rows.row_number,
        lost_rows.subject
    from lost_rows
    inner join {{ ref('area_memberships') }} as members
        on
            lost_rows.area_code = members.group_area_code
            and lost_rows.row_area_code = members.member_area_code
            and lost_rows.period_end >= members.valid_from
            and (members.valid_to is null or lost_rows.period_end < members.valid_to)
    where lost_rows.subject is not null

    union

    select
        sets.level,
        sets.sum_area_code,
        lost_rows.submission_id,
        lost_rows.sheet,
        lost_rows.row_number,
        sets.subject
    from lost_rows
    inner join sets
        on
            lost_rows.submission_id = sets.submission_id
            and lost_rows.sheet = sets.sheet
            and coalesce(lost_rows.subject, sets.subject) = sets.subject
    where
        sets.level = 'submitter'
        or (lost_rows.names_area and coalesce(lost_rows.row_area_code, sets.sum_area_code) = sets.sum_area_code)
),

-- a row that is kept out is missing: it has no value in a sum, and is no number to protect
with_lost_rows as (
    select * from of_rows

    union all

    select
        places.level,
        places.sum_area_code,
        places.submission_id,
        submissions.return_key,
        submissions.period_key,
        places.sheet,
        lost_cells.feed,
        lost_cells.role,
        places.subject,
        submissions.area_type,
        submissions.period_end,
        lost_cells.unit,
        lost_cells.type,
        cast(null as {{ dbt.type_string() }}) as sums_to_role,
        cast(null as {{ dbt.type_string() }}) as adds_to_role,
        false as is_disclosive,
        cast(null as double) as value_number,
        'withheld_quality' as value_status,
        submissions.public_from,
        submissions.public_to
    from lost_places as places
    inner join lost_cells
        on
            places.submission_id = lost_cells.submission_id
            and places.sheet = lost_cells.sheet
            and places.row_number = lost_cells.row_number
    inner join submissions on places.submission_id = submissions.submission_id
    where
        lost_cells.type in {{ additive_types() }}
        or (lost_cells.type = 'constant' and {{ canonical('lost_cells.value', 'double') }} is not null)
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
    from with_lost_rows
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
        max(case when parts.rows_with_value < parts.rows_there then 1 else 0 end) = 1 as lacks_rows,
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

-- a nil return is an answer: its area reports, and adds nothing
nil_returns as (
    select
        wholes.group_area_code as area_code,
        submissions.return_key,
        submissions.period_key,
        states.state_from,
        count(*) as areas_reporting
    from submissions
    inner join wholes on submissions.submission_id = wholes.submission_id
    inner join states
        on
            submissions.return_key = states.return_key
            and submissions.period_key = states.period_key
            and submissions.public_from <= states.state_from
            and (submissions.public_to is null or submissions.public_to > states.state_from)
    where submissions.is_nil
    group by wholes.group_area_code, submissions.return_key, submissions.period_key, states.state_from
),

answered as (
    select
        over_submissions.*,
        over_submissions.areas_reporting + coalesce(nil_returns.areas_reporting, 0) as areas_answering
    from over_submissions
    left join nil_returns
        on
            over_submissions.area_code = nil_returns.area_code
            and over_submissions.return_key = nil_returns.return_key
            and over_submissions.period_key = nil_returns.period_key
            and over_submissions.state_from = nil_returns.state_from
),

expected as (
    select
        expected.return_key,
        expected.period_key,
        'W92000004' as area_code,
        count(*) as areas_expected
    from {{ ref('stg_returns__expected') }} as expected
    where coalesce(expected.is_required, true)
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
    where coalesce(expected.is_required, true)
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
        answered.level || '|' || answered.return_key || '|' || answered.period_key || '|'
        || answered.sheet || '|' || answered.subject || '|' || answered.area_code || '|'
        || cast(answered.state_from as {{ dbt.type_string() }}) as set_id,
        answered.level,
        cast(null as {{ dbt.type_string() }}) as submission_id,
        answered.return_key,
        answered.period_key,
        answered.sheet,
        answered.feed,
        answered.role,
        answered.subject,
        answered.area_code,
        answered.state_from as public_from,
        answered.state_to as public_to,
        answered.unit,
        answered.type,
        answered.sums_to_role,
        answered.adds_to_role,
        answered.is_disclosive,
        answered.is_withheld,
        answered.value_number,
        cast(answered.areas_answering as bigint) as areas_reporting,
        cast(greatest(coalesce(expected.areas_expected, 0), answered.areas_answering) as bigint)
            as areas_expected,
        case
            when answered.is_withheld then 'suppressed'
            when answered.areas_with_value = 0 then answered.status_without_value
            when answered.lacks_rows or answered.areas_answering < coalesce(expected.areas_expected, 0) then 'partial'
            else 'derived'
        end as value_status
    from answered
    left join expected
        on
            answered.return_key = expected.return_key
            and answered.period_key = expected.period_key
            and answered.area_code = expected.area_code
)

select * from united
