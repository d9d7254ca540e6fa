-- Grain: submission_id × sheet × row_number × role. Every cell of every accepted row as it was accepted, with what its
-- column means; what is the same for every row of a sheet stands there as a cell too. Not protected: for `restricted`, and
-- for the models that protect.
with
columns as (
    select
        spoken.return_key,
        spoken.template_version,
        spoken.sheet,
        spoken.feed,
        spoken.column_name,
        coalesce(spoken.role, spoken.column_name) as role,
        spoken.type,
        spoken.unit,
        spoken.heading_en,
        spoken.heading_cy,
        spoken.position,
        coalesce(spoken.is_grain, false) as is_grain,
        -- what an authority plans is protected whatever its template says: a plan for three children is about three children
        spoken.type in {{ additive_types() }}
        and (
            coalesce(spoken.is_disclosive, false)
            or (coalesce(spoken.feed, '') in ('reduction_plan', 'reduction_progress') and spoken.type <> 'money')
        ) as is_disclosive,
        coalesce(whole_sum.role, whole_sum.column_name) as sums_to_role,
        coalesce(whole_add.role, whole_add.column_name) as adds_to_role,
        spoken.constant
    from {{ ref('stg_returns__columns') }} as spoken
    left join {{ ref('stg_returns__columns') }} as whole_sum
        on
            spoken.return_key = whole_sum.return_key
            and spoken.template_version = whole_sum.template_version
            and spoken.sheet = whole_sum.sheet
            and spoken.sums_to = whole_sum.column_name
    left join {{ ref('stg_returns__columns') }} as whole_add
        on
            spoken.return_key = whole_add.return_key
            and spoken.template_version = whole_add.template_version
            and spoken.sheet = whole_add.sheet
            and spoken.adds_to = whole_add.column_name
),

submissions as (
    select
        submission_id,
        return_key,
        template_version
    from {{ ref('int_return_submissions') }}
),

written as (
    select
        submissions.submission_id,
        cells.row_number,
        cells.cell,
        cells.value,
        cells.value_status,
        cells.value_found,
        columns.*
    from {{ ref('stg_returns__cells') }} as cells
    inner join submissions on cells.submission_id = submissions.submission_id
    inner join columns
        on
            submissions.return_key = columns.return_key
            and submissions.template_version = columns.template_version
            and cells.sheet = columns.sheet
            and cells.column_name = columns.column_name
    where columns.type <> 'constant'
),

sheet_rows as (
    select distinct
        submission_id,
        return_key,
        template_version,
        sheet,
        row_number
    from written
),

constants as (
    select
        sheet_rows.submission_id,
        sheet_rows.row_number,
        cast(null as {{ dbt.type_string() }}) as cell,
        columns.constant as value,
        'reported' as value_status,
        cast(null as {{ dbt.type_string() }}) as value_found,
        columns.*
    from sheet_rows
    inner join columns
        on
            sheet_rows.return_key = columns.return_key
            and sheet_rows.template_version = columns.template_version
            and sheet_rows.sheet = columns.sheet
    where columns.type = 'constant'
),

cells as (
    select * from written
    union all
    select * from constants
),

-- what names a row, and the part of that which stays when rows are summed
named as (
    select
        submission_id,
        sheet,
        row_number,
        {{ join_texts("(role || '=' || coalesce(value, ''))", '; ', 'position') }} as row_key,
        max(case when type = 'area' then value end) as row_area_code
    from cells
    where is_grain
    group by submission_id, sheet, row_number
),

subjects as (
    select
        submission_id,
        sheet,
        row_number,
        {{ join_texts("(role || '=' || coalesce(value, ''))", '; ', 'role') }} as subject
    from cells
    where
        feed in {{ feeds_by_subject() }}
        and ((is_grain and type <> 'area') or type = 'constant')
    group by submission_id, sheet, row_number
),

with_value as (
    select value_status
    from {{ ref('value_statuses') }}
    where has_value
)

select
    cells.submission_id,
    cells.return_key,
    cells.template_version,
    cells.sheet,
    cells.feed,
    cells.row_number,
    cells.column_name,
    cells.role,
    cells.type,
    cells.unit,
    cells.heading_en,
    cells.heading_cy,
    cells.position,
    cells.is_grain,
    cells.is_disclosive,
    cells.sums_to_role,
    cells.adds_to_role,
    named.row_key,
    named.row_area_code,
    coalesce(subjects.subject, '') as subject,
    cells.cell,
    cells.value,
    case
        when cells.value is not null then coalesce(cells.value_status, 'reported')
        when cells.value_status in (select value_status from with_value)
            then 'not_available'
        else coalesce(cells.value_status, 'not_available')
    end as value_status,
    cells.value_found,
    -- a constant may be a number too: one project a row
    case
        when cells.type in {{ additive_types() }} or cells.type in ('percent', 'constant')
            then {{ canonical('cells.value', 'double') }}
    end as value_number,
    case when cells.type = 'money' then {{ canonical('cells.value', 'decimal(18, 2)') }} end as value_gbp
from cells
left join named
    on
        cells.submission_id = named.submission_id
        and cells.sheet = named.sheet
        and cells.row_number = named.row_number
left join subjects
    on
        cells.submission_id = subjects.submission_id
        and cells.sheet = subjects.sheet
        and cells.row_number = subjects.row_number
