-- Grain: set_id × role. The sums of int_return_sums as they may be published. What the plans for Wales come to is a target and
-- stands to the unit where no authority’s number is worked out from it; `rounding_base` says so.
with
sums as (
    select
        *,
        -- equal keys only: a join on a condition of one side compares every row with every other
        case when is_disclosive then set_id || '|' || role end as cell_id
    from {{ ref('int_return_sums') }}
),

-- the first that was published of a total, and what says the same later: an exact difference of two is somebody’s change
plan_totals as (
    select
        cell_id,
        value_number as total,
        first_value(value_number) over first_said as first_total,
        areas_reporting,
        first_value(areas_reporting) over first_said as first_areas_reporting
    from sums
    where feed = 'reduction_plan' and level = 'country' and cell_id is not null
    window first_said as (partition by return_key, period_key, sheet, subject, role order by public_from)
),

-- what a reader knows of each part beside the total, taking it that he can tell why a number is withheld
plan_parts as (
    select
        linked.group_id as cell_id,
        case
            when protection.is_suppressed and not protection.is_primary then case when cells.value = 0 then 0 else 5 end
            else {{ least_it_can_be('cells.value') }}
        end as least,
        case
            when protection.is_suppressed and not protection.is_primary
                then case when cells.value = 0 then 0 else totals.total end
            else {{ most_it_can_be('cells.value') }}
        end as most,
        totals.total
    from plan_totals as totals
    inner join {{ ref('int_return_disclosure_groups') }} as linked
        on totals.cell_id = linked.group_id and linked.is_whole = 0
    inner join {{ ref('int_return_disclosure_cells') }} as cells on linked.cell_id = cells.cell_id
    inner join {{ ref('int_return_protection') }} as protection on linked.cell_id = protection.cell_id
),

narrowed_parts as (
    select
        cell_id,
        least,
        most,
        greatest(least, total - (sum(most) over (partition by cell_id) - most)) as least_left,
        least(most, total - (sum(least) over (partition by cell_id) - least)) as most_left
    from plan_parts
),

-- at least three numbers are left for each part that is not exact itself
guarded_totals as (
    select cell_id
    from narrowed_parts
    group by cell_id
    having
        max(case when most > least then 1 else 0 end) = 1
        and max(case when most > least and most_left - least_left < 2 then 1 else 0 end) = 0
),

exact_totals as (
    select totals.cell_id
    from plan_totals as totals
    inner join guarded_totals on totals.cell_id = guarded_totals.cell_id
    where totals.total = totals.first_total and totals.areas_reporting = totals.first_areas_reporting
)

select
    sums.set_id,
    sums.level,
    sums.submission_id,
    sums.return_key,
    sums.period_key,
    sums.sheet,
    sums.feed,
    sums.role,
    sums.subject,
    sums.area_code,
    sums.public_from,
    sums.public_to,
    sums.unit,
    sums.type,
    case
        when protection.is_suppressed then null
        when exact_totals.cell_id is not null then sums.value_number
        when protection.cell_id is not null then protection.value
        else sums.value_number
    end as value_number,
    case when protection.is_suppressed then 'suppressed' else sums.value_status end as value_status,
    case
        when protection.cell_id is null then null
        when exact_totals.cell_id is not null then cast(1 as bigint)
        else cast(5 as bigint)
    end as rounding_base,
    sums.areas_reporting,
    sums.areas_expected
from sums
left join {{ ref('int_return_protection') }} as protection on sums.cell_id = protection.cell_id
left join exact_totals on sums.cell_id = exact_totals.cell_id
