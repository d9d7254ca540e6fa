-- Grain: area_code × financial_year × spend_class. The lines of a class that are in no other line of it: a line and its
-- whole are never both summed. Classes nest as `adds_to` says, and are never summed with what they are part of.
with
tops as (
    select
        lines.service_line,
        lines.spend_class
    from {{ ref('social_service_lines') }} as lines
    left join {{ ref('social_service_lines') }} as wholes on lines.adds_to = wholes.service_line
    where lines.spend_class is not null and coalesce(wholes.spend_class, 'none') <> lines.spend_class
),

lines_of_class as (
    select
        spend_class,
        count(*) as lines_expected
    from tops
    group by spend_class
),

amounts as (
    select
        outturn.area_code,
        outturn.financial_year,
        outturn.expenditure_basis,
        tops.spend_class,
        sum(outturn.amount_gbp) as amount_gbp,
        count(*) as lines_there,
        max(case when outturn.amount_gbp_status = 'suppressed' then 1 else 0 end) as is_suppressed,
        max(case when outturn.amount_gbp_status = 'partial' then 1 else 0 end) as is_partial,
        max(case when outturn.amount_gbp is null then 1 else 0 end) as is_missing,
        -- one line stands as its source gave it
        max(case when outturn.amount_gbp_status = 'reported' then 0 else 1 end) as is_worked_out,
        max(outturn.qualifier) as qualifier,
        max(outturn.source_key) as source_key,
        max(outturn.known_from) as known_from,
        max(outturn.loaded_at) as loaded_at,
        max(case when outturn.revision_status = 'provisional' then 1 else 0 end) as is_provisional,
        max(case when outturn.is_synthetic then 1 else 0 end) as is_synthetic
    from {{ ref('social_services_outturn') }} as outturn
    inner join tops on outturn.service_line = tops.service_line
    group by outturn.area_code, outturn.financial_year, outturn.expenditure_basis, tops.spend_class
),

wholes as (
    select *
    from {{ ref('social_services_outturn') }}
    where service_line = 'all_children_and_families'
),

-- every class of every year of which the whole is known, on the whole's basis
filled as (
    select
        wholes.area_code,
        wholes.area_version_key,
        wholes.area_name_en,
        wholes.area_name_cy,
        wholes.coverage_en,
        wholes.coverage_cy,
        wholes.financial_year,
        wholes.period_start,
        wholes.period_end,
        wholes.expenditure_basis,
        wholes.expenditure_basis_en,
        wholes.expenditure_basis_cy,
        wholes.amount_gbp as whole_gbp,
        wholes.amount_gbp_status as whole_status,
        wholes.total_basis,
        wholes.areas_reporting,
        wholes.areas_expected,
        wholes.series_id,
        classes.spend_class,
        classes.label_en as spend_class_en,
        classes.label_cy as spend_class_cy,
        classes.definition_en,
        classes.definition_cy,
        classes.adds_to,
        amounts.amount_gbp,
        case
            when lines_of_class.spend_class is null then classes.status_without_line
            when amounts.is_suppressed = 1 then 'suppressed'
            when amounts.spend_class is null or amounts.is_missing = 1 then 'not_available'
            when amounts.lines_there < lines_of_class.lines_expected then 'not_available'
            when amounts.is_partial = 1 then 'partial'
            when amounts.lines_there = 1 and amounts.is_worked_out = 0 then 'reported'
            else 'derived'
        end as amount_status,
        amounts.qualifier,
        case when coalesce(amounts.is_provisional, 0) = 1 then 'provisional' else wholes.revision_status end
            as revision_status,
        coalesce(amounts.source_key, wholes.source_key) as source_key,
        {{ latest_of(['amounts.known_from', 'wholes.known_from']) }} as known_from,
        {{ latest_of(['amounts.loaded_at', 'wholes.loaded_at']) }} as loaded_at,
        wholes.is_synthetic or coalesce(amounts.is_synthetic, 0) = 1 as is_synthetic
    from wholes
    cross join {{ ref('spend_classes') }} as classes
    left join lines_of_class on classes.spend_class = lines_of_class.spend_class
    left join amounts
        on
            wholes.area_code = amounts.area_code
            and wholes.financial_year = amounts.financial_year
            and wholes.expenditure_basis = amounts.expenditure_basis
            and classes.spend_class = amounts.spend_class
),

worked_out as (
    select
        *,
        {{ part_of_whole_pct('amount_gbp', 'whole_gbp') }} as pct,
        case
            when amount_status not in ('reported', 'derived', 'partial') then amount_status
            else {{ quotient_status(part_of_whole_pct('amount_gbp', 'whole_gbp'), ['amount_status', 'whole_status']) }}
        end as pct_status
    from filled
)

select
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    coverage_en,
    coverage_cy,
    financial_year,
    period_start,
    period_end,
    spend_class,
    spend_class_en,
    spend_class_cy,
    definition_en,
    definition_cy,
    expenditure_basis,
    expenditure_basis_en,
    expenditure_basis_cy,
    cast(case when amount_status in ('reported', 'derived', 'partial') then amount_gbp end as decimal(18, 2))
        as amount_gbp,
    amount_status as amount_gbp_status,
    case when pct_status = 'derived' then pct end as share_pct,
    pct_status as share_pct_status,
    whole_gbp as all_children_and_families_gbp,
    whole_status as all_children_and_families_gbp_status,
    -- classes nest in one area (`adds_to`), and of one class areas do (`area_adds_to`)
    spend_class in ('prevention_early_intervention', 'acute_looked_after') as is_total,
    coalesce(adds_to, '-') = 'all_children_and_families' as counts_towards_total,
    adds_to,
    case when area_code <> 'W92000004' then 'W92000004' end as area_adds_to,
    case
        when area_code = 'W92000004' or spend_class in ('prevention_early_intervention', 'acute_looked_after')
            then case when spend_class = 'prevention_early_intervention' then 'difference' else coalesce(total_basis, 'published') end
    end as total_basis,
    areas_reporting,
    areas_expected,
    qualifier,
    revision_status,
    series_id || '.' || spend_class as series_id,
    source_key,
    known_from,
    cast(null as timestamp) as known_to,
    loaded_at,
    'public' as audience,
    known_from as release_at,
    is_synthetic
from worked_out
