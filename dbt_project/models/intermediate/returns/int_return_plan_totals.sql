-- Grain: set_id × role. What the reductions that authorities plan come to for Wales, at each moment, and whether it may stand to
-- the unit: a plan is a target, and its total is quoted; but no authority’s number may be worked out from it. Where every part
-- is nought or small and the total would tell them, they are all withheld, noughts as well, so that nobody knows whose it is.
-- An exact difference of two totals would be somebody’s change: later ones stand to the unit only where they say the same.
with
totals as (
    select
        set_id,
        role,
        return_key,
        period_key,
        sheet,
        subject,
        public_from,
        areas_reporting,
        value_number as total
    from {{ ref('int_return_sums') }}
    where
        feed = 'reduction_plan'
        and level = 'country'
        and is_disclosive
        and not is_withheld
        and value_number is not null
),

-- what a reader knows of each part beside the total
parts as (
    select
        totals.set_id,
        totals.role,
        totals.total,
        parts.value_number,
        {{ least_it_can_be('parts.value_number') }} as least,
        {{ most_it_can_be('parts.value_number') }} as most
    from totals
    inner join {{ ref('int_return_sums') }} as parts
        on
            totals.return_key = parts.return_key
            and totals.period_key = parts.period_key
            and totals.sheet = parts.sheet
            and totals.subject = parts.subject
            and totals.role = parts.role
            and parts.level = 'submitter'
            and totals.public_from >= parts.public_from
            and (parts.public_to is null or totals.public_from < parts.public_to)
    where parts.value_number is not null
),

narrowed as (
    select
        *,
        greatest(least, total - (sum(most) over (partition by set_id, role) - most)) as least_left,
        least(most, total - (sum(least) over (partition by set_id, role) - least)) as most_left
    from parts
),

-- guarded: of each part that is not nought at least three numbers are left
judged as (
    select
        set_id,
        role,
        max(case when most > least and most_left - least_left < 2 then 1 else 0 end) = 0 as is_guarded,
        max(abs(value_number)) < 5 as has_small_parts_only
    from narrowed
    group by set_id, role
),

compared as (
    select
        totals.*,
        judged.is_guarded,
        first_value(totals.total) over first_said as first_total,
        first_value(totals.areas_reporting) over first_said as first_areas_reporting,
        first_value(
            abs(totals.total) >= 5 and judged.has_small_parts_only and not judged.is_guarded
        ) over first_said as withholds_parts
    from totals
    inner join judged on totals.set_id = judged.set_id and totals.role = judged.role
    window first_said as (
        partition by totals.return_key, totals.period_key, totals.sheet, totals.subject, totals.role
        order by totals.public_from
    )
)

select
    set_id,
    role,
    return_key,
    period_key,
    sheet,
    subject,
    withholds_parts,
    total = first_total
    and areas_reporting = first_areas_reporting
    and (is_guarded or withholds_parts) as is_exact
from compared
