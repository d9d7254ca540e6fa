-- Grain: cell_id. Every number about people that the marts publish, before protection: cells of rows, sums over rows and
-- areas, and, where a share of respondents is published, how many they are. `set_id` holds together the cells of one row;
-- `lineage_id` is the same cell through its vintages.
with
-- the parts of a total that stands to the unit and would tell them
withheld_plans as (
    select distinct
        return_key,
        period_key,
        sheet,
        subject,
        role
    from {{ ref('int_return_plan_totals') }}
    where withholds_parts
),

row_cells as (
    select
        'row|' || cells.submission_id || '|' || cells.sheet || '|' || cast(cells.row_number as {{ dbt.type_string() }})
            as set_id,
        cells.submission_id || '|' || cells.sheet || '|' || cells.subject as submitter_set,
        cells.submission_id,
        cells.sheet,
        cells.subject,
        cells.row_area_code,
        submissions.area_code,
        submissions.return_key || '|' || submissions.area_code || '|' || submissions.period_key || '|' || cells.sheet
        || '|' || coalesce(cells.row_key, '') as lineage_set,
        cells.feed,
        cells.role,
        cells.sums_to_role,
        cells.adds_to_role,
        cells.value_number as value,
        cells.value_status = 'suppressed' or withheld_plans.role is not null as is_withheld,
        submissions.public_from as vintage_at
    from {{ ref('int_return_cells') }} as cells
    inner join {{ ref('int_return_submissions') }} as submissions on cells.submission_id = submissions.submission_id
    left join withheld_plans
        on
            submissions.return_key = withheld_plans.return_key
            and submissions.period_key = withheld_plans.period_key
            and cells.sheet = withheld_plans.sheet
            and cells.subject = withheld_plans.subject
            and cells.role = withheld_plans.role
    where
        cells.is_disclosive
        and submissions.is_public
        -- progress against a plan is published for nobody
        and coalesce(cells.feed, '') <> 'reduction_progress'
        and (cells.value_number is not null or cells.value_status = 'suppressed')
),

shares as (
    select
        cells.submission_id,
        cells.sheet,
        cells.row_number,
        max(case when role = 'response_pct' then value_number end) as share_pct,
        max(case when role = 'responses' then value_number end) as base
    from {{ ref('int_return_cells') }} as cells
    where cells.feed = 'children_voice'
    group by cells.submission_id, cells.sheet, cells.row_number
),

counted_shares as (
    select
        *,
        round(share_pct * base / 100.0) as answering
    from shares
    where share_pct is not null and base is not null
),

sides as (
    select 'answering' as role
    union all
    select 'not_answering' as role
),

respondents as (
    select
        base.set_id,
        base.submission_id,
        base.sheet,
        base.subject,
        base.lineage_set,
        base.feed,
        parts.role,
        'responses' as sums_to_role,
        case parts.role when 'answering' then counted.answering else counted.base - counted.answering end as value,
        base.vintage_at
    from counted_shares as counted
    inner join row_cells as base
        on
            base.set_id = 'row|' || counted.submission_id || '|' || counted.sheet || '|'
            || cast(counted.row_number as {{ dbt.type_string() }})
            and base.role = 'responses'
    cross join sides as parts
),

named_sums as (
    select
        sums.set_id,
        sums.level,
        sums.submission_id,
        sums.sheet,
        sums.subject,
        sums.area_code,
        sums.feed,
        sums.role,
        sums.sums_to_role,
        sums.adds_to_role,
        sums.public_from,
        sums.value_number,
        sums.is_withheld or (sums.level = 'submitter' and withheld_plans.role is not null) as is_withheld,
        case
            when submissions.submission_id is not null
                then
                    sums.level || '|' || sums.return_key || '|' || submissions.area_code || '|' || sums.period_key || '|'
                    || sums.sheet || '|' || sums.subject || '|' || sums.area_code
            else
                sums.level || '|' || sums.return_key || '|' || sums.period_key || '|' || sums.sheet || '|'
                || sums.subject || '|' || sums.area_code
        end as lineage_set
    from {{ ref('int_return_sums') }} as sums
    left join {{ ref('int_return_submissions') }} as submissions on sums.submission_id = submissions.submission_id
    left join withheld_plans
        on
            sums.return_key = withheld_plans.return_key
            and sums.period_key = withheld_plans.period_key
            and sums.sheet = withheld_plans.sheet
            and sums.subject = withheld_plans.subject
            and sums.role = withheld_plans.role
    where sums.is_disclosive and (sums.value_number is not null or sums.is_withheld)
),

-- a sum that says what it said before is no newer than when it first said so
compared_sums as (
    select
        *,
        case
            when
                value_number = lag(value_number) over (partition by lineage_set, role order by public_from)
                and not is_withheld
                then 0
            else 1
        end as is_new
    from named_sums
),

numbered_sums as (
    select
        *,
        sum(is_new) over (partition by lineage_set, role order by public_from) as saying
    from compared_sums
),

sums as (
    select
        *,
        min(public_from) over (partition by lineage_set, role, saying) as said_from
    from numbered_sums
)

select
    set_id || '|' || role as cell_id,
    lineage_set || '|' || role as lineage_id,
    'row' as level,
    set_id,
    submission_id,
    sheet,
    subject,
    row_area_code as area_code,
    feed,
    role,
    sums_to_role,
    adds_to_role,
    vintage_at,
    cast(null as timestamp) as state_at,
    value,
    is_withheld
from row_cells

union all

select
    set_id || '|' || role as cell_id,
    lineage_set || '|' || role as lineage_id,
    'share' as level,
    set_id,
    submission_id,
    sheet,
    subject,
    cast(null as {{ dbt.type_string() }}) as area_code,
    feed,
    role,
    sums_to_role,
    cast(null as {{ dbt.type_string() }}) as adds_to_role,
    vintage_at,
    cast(null as timestamp) as state_at,
    value,
    false as is_withheld
from respondents

union all

select
    set_id || '|' || role as cell_id,
    lineage_set || '|' || role as lineage_id,
    level,
    set_id,
    submission_id,
    sheet,
    subject,
    area_code,
    feed,
    role,
    sums_to_role,
    adds_to_role,
    said_from as vintage_at,
    public_from as state_at,
    value_number as value,
    is_withheld
from sums
