-- Lines sum to the line that they are part of, and classes to all children's and families' services, within rounding:
-- where every line that we know of a whole is there, of the whole's own source and basis. Some of them are never more
-- than the whole. A list of lines that we do not know whole says nothing of the difference.
with
parts_expected as (
    select
        adds_to as whole_line,
        count(*) as lines_expected
    from {{ ref('social_service_lines') }}
    where adds_to is not null
    group by adds_to
),

unknown_lines as (
    select distinct
        area_code,
        financial_year
    from {{ ref('social_services_outturn') }}
    where spend_class_status = 'not_available'
),

sums as (
    select
        wholes.area_code,
        wholes.financial_year,
        wholes.service_line as whole_key,
        wholes.amount_gbp as whole_gbp,
        sum(parts.amount_gbp) as parts_gbp,
        count(*) as lines_there,
        -- each is at most half its rounding away from what was spent; all_social_services has parts of other bases
        (max(wholes.rounding_base) + sum(parts.rounding_base)) / 2.0 as tolerance,
        min(parts.amount_gbp) as least_gbp
    from {{ ref('social_services_outturn') }} as wholes
    inner join {{ ref('social_services_outturn') }} as parts
        on
            wholes.area_code = parts.area_code
            and wholes.financial_year = parts.financial_year
            and wholes.service_line = parts.adds_to
            and wholes.source_key = parts.source_key
            and wholes.expenditure_basis = parts.expenditure_basis
            and wholes.amount_gbp_status = parts.amount_gbp_status
    where
        wholes.amount_gbp is not null
        and parts.amount_gbp is not null
        -- what was worked out as a difference adds up by itself; its own parts do not
        and wholes.qualifier is null
        and parts.qualifier is null
    group by wholes.area_code, wholes.financial_year, wholes.service_line, wholes.amount_gbp
)

select
    sums.area_code,
    sums.financial_year,
    sums.whole_key,
    cast(sums.parts_gbp as double) as parts_gbp,
    cast(sums.whole_gbp as double) as whole_gbp
from sums
inner join parts_expected on sums.whole_key = parts_expected.whole_line
left join unknown_lines
    on sums.area_code = unknown_lines.area_code and sums.financial_year = unknown_lines.financial_year
where
    (
        sums.lines_there = parts_expected.lines_expected
        and unknown_lines.area_code is null
        and abs(sums.parts_gbp - sums.whole_gbp) > sums.tolerance
    )
    -- an account can have a negative line: then some of the lines may well be more than all
    or (sums.least_gbp >= 0 and sums.parts_gbp - sums.whole_gbp > sums.tolerance)

union all

select
    area_code,
    financial_year,
    'spend_class' as whole_key,
    cast(sum(amount_gbp) as double) as parts_gbp,
    cast(max(all_children_and_families_gbp) as double) as whole_gbp
from {{ ref('prevention_and_acute') }}
where adds_to = 'all_children_and_families' and amount_gbp_status in ('reported', 'derived')
group by area_code, financial_year
having count(*) = 2 and abs(sum(amount_gbp) - max(all_children_and_families_gbp)) > 0.01
