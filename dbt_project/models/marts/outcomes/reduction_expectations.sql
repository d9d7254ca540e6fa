-- Grain: priority × area_code × financial_year × return_key. What authorities said they expect, and what that comes to for
-- Wales. Advisory: nothing here ranks, compares or scores an authority, or says how far one came. Stocks stand for Wales only.
with
plans as (
    select
        sums.*,
        {{ extract('sums.subject', 'priority=([^;]+)', 1) }} as priority,
        coalesce({{ extract('sums.subject', 'financial_year=([^;]+)', 1) }}, {{ financial_year('sums.period_end') }})
            as financial_year
    from {{ ref('int_return_area_sums') }} as sums
    where
        sums.feed = 'reduction_plan'
        and sums.role = 'planned_reduction'
        and sums.level in ('submitter', 'country')
),

assumptions as (
    select
        cells.submission_id,
        cells.subject,
        {{ role_text('assumption') }} as assumption,
        {{ role_text('assumption_en') }} as assumption_en,
        {{ role_text('assumption_cy') }} as assumption_cy
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'reduction_plan'
    group by cells.submission_id, cells.subject
),

running as (
    select
        *,
        sum(value_number) over so_far as planned_so_far,
        count(*) over so_far as years_so_far,
        count(value_number) over so_far as years_with_value,
        max(case when value_status = 'suppressed' then 1 else 0 end) over so_far as any_suppressed,
        max(case when value_status = 'partial' then 1 else 0 end) over so_far as any_partial,
        min(case when value_number is null then value_status end) over so_far as status_without_value,
        min(financial_year) over (partition by return_key, area_code, priority) as first_year,
        row_number() over (
            partition by return_key, area_code, priority, financial_year order by period_end desc
        ) as recency
    from plans
    window so_far as (partition by return_key, area_code, priority, period_key order by financial_year)
),

planned as (
    select
        running.*,
        case when years_so_far = years_with_value then planned_so_far end as cumulative,
        case
            when years_so_far = years_with_value then case when any_partial = 1 then 'partial' else 'derived' end
            when any_suppressed = 1 then 'suppressed'
            else status_without_value
        end as cumulative_status,
        -- only what concerns all children in care, and all of Wales, is set against their number
        case
            when level = 'country' and priority = 'in_care'
                then {{ date_of("cast(substr(first_year, 1, 4) as integer)", 3, 31) }}
        end as baseline_date,
        case
            when level = 'country' and priority = 'in_care'
                then {{ date_of("cast(substr(financial_year, 1, 4) as integer) + 1", 3, 31) }}
        end as stock_date
    from running
    where recency = 1
),

kinds as (
    select true as is_synthetic
    union all
    select false as is_synthetic
),

-- the count of Wales: of the plan’s own kind (all synthetic or all real) where there is one, else the figure to quote
stocks as (
    select
        counts.snapshot_date,
        counts.children,
        counts.known_from,
        counts.is_synthetic,
        kinds.is_synthetic as of_synthetic_plan,
        row_number() over (
            partition by counts.snapshot_date, kinds.is_synthetic
            order by
                case when counts.is_synthetic = kinds.is_synthetic then 0 else 1 end asc,
                case when counts.is_headline then 0 else 1 end asc,
                counts.known_from desc,
                counts.source_key asc
        ) as place
    from {{ ref('children_looked_after') }} as counts
    cross join kinds
    where counts.area_code = 'W92000004' and counts.children is not null
),

measured as (
    select
        planned.*,
        baseline.children as baseline_stock,
        baseline.known_from as baseline_known_from,
        actual.children as actual_stock,
        planned.is_synthetic
        or coalesce(baseline.is_synthetic, false)
        or coalesce(actual.is_synthetic, false) as any_synthetic
    from planned
    left join stocks as baseline
        on
            baseline.place = 1
            and planned.baseline_date = baseline.snapshot_date
            and planned.is_synthetic = baseline.of_synthetic_plan
    left join stocks as actual
        on
            actual.place = 1
            and planned.stock_date = actual.snapshot_date
            and planned.is_synthetic = actual.of_synthetic_plan
)

select
    measured.return_key,
    measured.priority,
    measured.area_code,
    measured.area_version_key,
    measured.area_name_en,
    measured.area_name_cy,
    measured.financial_year,
    measured.period_key,
    measured.period_start,
    measured.period_end,
    cast(measured.value_number as bigint) as planned_reduction,
    measured.value_status as planned_reduction_status,
    measured.rounding_base,
    cast(measured.cumulative as bigint) as cumulative_planned_reduction,
    measured.cumulative_status as cumulative_planned_reduction_status,
    case
        when measured.level = 'country' then measured.areas_reporting
        when measured.value_status in ('reported', 'derived', 'suppressed') then cast(1 as bigint)
        else cast(0 as bigint)
    end as areas_with_number,
    cast(measured.baseline_stock as bigint) as baseline_stock,
    case
        when measured.level <> 'country' then 'not_applicable'
        when measured.baseline_stock is null then 'not_available'
        else 'reported'
    end as baseline_stock_status,
    measured.baseline_known_from,
    cast(measured.baseline_stock - measured.cumulative as bigint) as expected_stock,
    case
        when measured.level <> 'country' then 'not_applicable'
        when measured.baseline_stock is null then 'not_available'
        when measured.cumulative is null then measured.cumulative_status
        else measured.cumulative_status
    end as expected_stock_status,
    cast(measured.actual_stock as bigint) as actual_stock,
    case
        when measured.level <> 'country' then 'not_applicable'
        when measured.actual_stock is null then 'not_available'
        else 'reported'
    end as actual_stock_status,
    coalesce(
        assumptions.assumption_en, case when coalesce(measured.language, 'en') = 'en' then assumptions.assumption end
    ) as assumption_en,
    coalesce(assumptions.assumption_cy, case when measured.language = 'cy' then assumptions.assumption end)
        as assumption_cy,
    true as is_advisory,
    false as comparable_across_areas,
    measured.level = 'country' as is_total,
    measured.adds_to,
    measured.total_basis,
    measured.areas_reporting,
    measured.areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    measured.source_key || '.' || measured.priority as series_id,
    measured.source_key,
    measured.known_from,
    measured.known_to,
    measured.loaded_at,
    measured.audience,
    measured.release_at,
    measured.any_synthetic as is_synthetic
from measured
left join assumptions
    on measured.submission_id = assumptions.submission_id and measured.subject = assumptions.subject
