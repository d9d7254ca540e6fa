-- Grain: set_id × role. The sums of int_return_sums as they may be published. What the plans for Wales come to is a target and
-- stands to the unit where no authority’s number is worked out from it; `rounding_base` says so.
with
sums as (
    select
        *,
        -- equal keys only: a join on a condition of one side compares every row with every other
        case when is_disclosive then set_id || '|' || role end as cell_id
    from {{ ref('int_return_sums') }}
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
        when plan_totals.is_exact then sums.value_number
        when protection.cell_id is not null then protection.value
        else sums.value_number
    end as value_number,
    case when protection.is_suppressed then 'suppressed' else sums.value_status end as value_status,
    case
        when protection.cell_id is null then null
        when plan_totals.is_exact then cast(1 as bigint)
        else cast(5 as bigint)
    end as rounding_base,
    sums.areas_reporting,
    sums.areas_expected
from sums
left join {{ ref('int_return_protection') }} as protection on sums.cell_id = protection.cell_id
left join {{ ref('int_return_plan_totals') }} as plan_totals
    on sums.set_id = plan_totals.set_id and sums.role = plan_totals.role
