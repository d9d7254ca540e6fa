-- Grain: priority × area_code × financial_year × source_key. What authorities said they expect, and what that comes to for
-- Wales: as their returns say, and as a document says that their plans came to. `is_headline` marks the one to quote.
-- Advisory: nothing here ranks, compares or scores an authority, or says how far one came. Stocks stand for Wales only. A
-- fall is not by itself success, so the safety companions stand beside it.
with
returned as (
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
        coalesce({{ role_text('original_language') }}, {{ role_text('assumption_language') }}) as original_language,
        {{ role_text('assumption') }} as assumption,
        {{ role_text('assumption_en') }} as assumption_en,
        {{ role_text('assumption_cy') }} as assumption_cy
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'reduction_plan'
    group by cells.submission_id, cells.subject
),

-- as written in the one language, and where it was given too in the other: a text in the language of its return, unless it
-- says another, and one that stands in one language only was written in that
spoken as (
    select
        assumptions.*,
        case
            when
                assumptions.assumption is null
                and (assumptions.assumption_en is null or assumptions.assumption_cy is null)
                then case when assumptions.assumption_cy is not null then 'cy' else 'en' end
            else coalesce(assumptions.original_language, submissions.language, 'en')
        end as language
    from assumptions
    inner join {{ ref('int_return_submissions') }} as submissions
        on assumptions.submission_id = submissions.submission_id
),

worded as (
    select
        submission_id,
        subject,
        case when coalesce(assumption, assumption_en, assumption_cy) is not null then language end as original_language,
        coalesce(assumption_en, case when language = 'en' then assumption end) as assumption_en,
        coalesce(assumption_cy, case when language = 'cy' then assumption end) as assumption_cy
    from spoken
),

-- what a document says of its plans beside the numbers
said as (
    select
        figures.document_key,
        mapping.priority,
        mapping.financial_year,
        mapping.role,
        max(figures.value) as value
    from {{ ref('reduction_plan_figures') }} as mapping
    inner join {{ ref('int_document_figures') }} as figures on mapping.figure_id = figures.figure_id
    group by figures.document_key, mapping.priority, mapping.financial_year, mapping.role
),

document_values as (
    select
        *,
        {{ breakdown_member('breakdown', 'priority') }} as priority
    from {{ ref('int_current_values') }}
    where measure_key = 'planned_reduction' and figure_kind = 'planned' and source_kind = 'document'
),

documented as (
    select
        held.*,
        cast(with_number.value as bigint) as areas_with_number,
        cast(expected.value as bigint) as areas_expected_by_document,
        stated.value as stated_reduction_pct
    from document_values as held
    left join said as with_number
        on
            with_number.role = 'areas_with_number'
            and held.area_type = 'country'
            and held.source_key = with_number.document_key
            and held.priority = with_number.priority
            and coalesce(with_number.financial_year, held.period_key) = held.period_key
    left join said as expected
        on
            expected.role = 'areas_expected'
            and held.area_type = 'country'
            and held.source_key = expected.document_key
            and held.priority = expected.priority
            and coalesce(expected.financial_year, held.period_key) = held.period_key
    left join said as stated
        on
            stated.role = 'stated_reduction_pct'
            and held.area_type = 'country'
            and held.source_key = stated.document_key
            and held.priority = stated.priority
            and held.period_key = stated.financial_year
),

plans as (
    select
        returned.return_key,
        returned.source_key,
        returned.period_key as plan_period,
        returned.priority,
        returned.financial_year,
        returned.area_code,
        returned.area_version_key,
        returned.area_name_en,
        returned.area_name_cy,
        returned.level = 'country' as is_wales,
        returned.period_key,
        returned.period_start,
        returned.period_end,
        returned.value_number,
        returned.value_status,
        returned.rounding_base,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        case
            when returned.level = 'country' then returned.areas_reporting
            when returned.value_status in ('reported', 'derived', 'suppressed') then cast(1 as bigint)
            else cast(0 as bigint)
        end as areas_with_number,
        cast(null as double) as stated_reduction_pct,
        assumptions.original_language,
        assumptions.assumption_en,
        assumptions.assumption_cy,
        returned.adds_to,
        returned.total_basis,
        returned.areas_reporting,
        returned.areas_expected,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        returned.known_from,
        returned.known_to,
        returned.loaded_at,
        returned.audience,
        returned.release_at,
        returned.is_synthetic
    from returned
    left join worded as assumptions
        on returned.submission_id = assumptions.submission_id and returned.subject = assumptions.subject

    union all

    select
        cast(null as {{ dbt.type_string() }}) as return_key,
        source_key,
        'document' as plan_period,
        priority,
        period_key as financial_year,
        area_code,
        area_version_key,
        area_name_en,
        area_name_cy,
        area_type = 'country' as is_wales,
        period_key,
        period_start,
        period_end,
        value as value_number,
        -- some of the authorities are not all of Wales
        case
            when area_type <> 'country' or value is null then value_status
            when areas_with_number < areas_expected_by_document then 'partial'
            when areas_with_number is null and coverage_en is not null then 'partial'
            else value_status
        end as value_status,
        cast(rounding_base as bigint) as rounding_base,
        qualifier,
        coverage_en,
        coverage_cy,
        areas_with_number,
        stated_reduction_pct,
        cast(null as {{ dbt.type_string() }}) as original_language,
        cast(null as {{ dbt.type_string() }}) as assumption_en,
        cast(null as {{ dbt.type_string() }}) as assumption_cy,
        case when area_type <> 'country' then 'W92000004' end as adds_to,
        case when area_type = 'country' then 'published' end as total_basis,
        areas_with_number as areas_reporting,
        areas_expected_by_document as areas_expected,
        figure_id,
        known_from,
        cast(null as timestamp) as known_to,
        loaded_at,
        audience,
        release_at,
        is_synthetic
    from documented
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
        min(financial_year) over (partition by source_key, area_code, priority) as first_year,
        row_number() over (
            partition by source_key, area_code, priority, financial_year order by period_end desc
        ) as recency
    from plans
    window so_far as (partition by source_key, area_code, priority, plan_period order by financial_year)
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
        -- only what is expected of Wales is set against a number of Wales
        case when is_wales then {{ date_of("cast(substr(first_year, 1, 4) as integer)", 3, 31) }} end as baseline_date,
        case when is_wales then {{ date_of("cast(substr(financial_year, 1, 4) as integer) + 1", 3, 31) }} end as stock_date,
        -- a synthetic plan never goes before a real one; of several the one that covers the most, then the latest
        row_number() over (
            partition by priority, area_code, financial_year
            order by
                case when is_synthetic then 1 else 0 end asc,
                case when value_number is not null or value_status = 'suppressed' then 0 else 1 end asc,
                coalesce(areas_with_number, -1) desc,
                known_from desc,
                source_key asc
        ) as quote_place
    from running
    where recency = 1
),

-- the number of Wales that a priority is about: of all children in care in every vintage, of those placed elsewhere as it is
-- known now. Of children removed from their families there is none (it is a flow), nor of parents with a learning
-- disability (nobody counts them).
stocks as (
    select
        'in_care' as priority,
        snapshot_date,
        cast(children as double) as children,
        children_status as stock_status,
        source_key,
        known_from,
        known_to,
        is_headline,
        is_synthetic
    from {{ ref('children_looked_after_as_known') }}
    where area_code = 'W92000004' and (children is not null or children_status = 'suppressed')

    union all

    select
        {{ breakdown_member('breakdown', 'location') }} as priority,
        period_end as snapshot_date,
        value as children,
        value_status as stock_status,
        source_key,
        known_from,
        cast(null as timestamp) as known_to,
        place = 1 as is_headline,
        is_synthetic
    from {{ ref('int_current_values') }}
    where
        measure_key = 'children_looked_after'
        and area_code = 'W92000004'
        and breakdown in ('location=out_of_county_in_wales', 'location=out_of_wales')
        and figure_kind = 'actual'
        and (value is not null or value_status = 'suppressed')
),

-- before the plan: what was known when it was made, so that a later revision does not move what was expected
baselines as (
    select
        planned.source_key,
        planned.priority,
        planned.financial_year,
        stocks.children,
        stocks.stock_status,
        stocks.known_from,
        stocks.is_synthetic,
        row_number() over (
            partition by planned.source_key, planned.priority, planned.financial_year
            order by
                case
                    when stocks.known_from > planned.known_from then 1
                    when stocks.known_to is null or stocks.known_to > planned.known_from then 0
                    else 2
                end asc,
                case when stocks.is_headline then 0 else 1 end asc,
                stocks.known_from asc,
                stocks.source_key asc
        ) as place
    from planned
    inner join stocks
        on
            planned.priority = stocks.priority
            and planned.baseline_date = stocks.snapshot_date
            -- what is expected is worked out of the plan and this number: both are real, or both synthetic
            and planned.is_synthetic = stocks.is_synthetic
),

-- at the end of the year: what is known now, of the plan’s own kind (all synthetic or all real) where there is one
actuals as (
    select
        planned.source_key,
        planned.priority,
        planned.financial_year,
        stocks.children,
        stocks.stock_status,
        stocks.known_from,
        stocks.is_synthetic,
        row_number() over (
            partition by planned.source_key, planned.priority, planned.financial_year
            order by
                case when stocks.is_synthetic = planned.is_synthetic then 0 else 1 end asc,
                case when stocks.is_headline then 0 else 1 end asc,
                stocks.known_from desc,
                stocks.source_key asc
        ) as place
    from planned
    inner join stocks
        on
            planned.priority = stocks.priority
            and planned.stock_date = stocks.snapshot_date
            and stocks.known_to is null
            -- a real plan is never set against a synthetic number
            and (planned.is_synthetic or not stocks.is_synthetic)
),

measured as (
    select
        planned.*,
        baselines.children as baseline_stock,
        baselines.known_from as baseline_known_from,
        actuals.children as actual_stock,
        actuals.known_from as actual_known_from,
        case
            when not planned.is_wales or planned.priority = 'removed_from_family' then 'not_applicable'
            when planned.priority = 'parents_learning_disability' then 'not_collected'
            else coalesce(baselines.stock_status, 'not_available')
        end as baseline_status,
        case
            when not planned.is_wales or planned.priority = 'removed_from_family' then 'not_applicable'
            when planned.priority = 'parents_learning_disability' then 'not_collected'
            else coalesce(actuals.stock_status, 'not_available')
        end as actual_status,
        {{ safety_companion_columns('companions') }},
        companions.known_from as companions_known_from,
        planned.is_synthetic
        or coalesce(baselines.is_synthetic, false)
        or coalesce(actuals.is_synthetic, false)
        or coalesce(companions.is_synthetic, false) as any_synthetic
    from planned
    left join baselines
        on
            planned.is_wales
            and baselines.place = 1
            and planned.source_key = baselines.source_key
            and planned.priority = baselines.priority
            and planned.financial_year = baselines.financial_year
    left join actuals
        on
            planned.is_wales
            and actuals.place = 1
            and planned.source_key = actuals.source_key
            and planned.priority = actuals.priority
            and planned.financial_year = actuals.financial_year
    left join {{ ref('int_safety_companions') }} as companions
        on
            planned.area_code = companions.area_code
            and planned.financial_year = companions.financial_year
            and (planned.is_synthetic or not companions.is_synthetic)
)

select
    return_key,
    priority,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    coverage_en,
    coverage_cy,
    financial_year,
    period_key,
    period_start,
    period_end,
    quote_place = 1 as is_headline,
    cast(value_number as bigint) as planned_reduction,
    value_status as planned_reduction_status,
    qualifier,
    rounding_base,
    cast(cumulative as bigint) as cumulative_planned_reduction,
    cumulative_status as cumulative_planned_reduction_status,
    areas_with_number,
    case when areas_with_number is null then 'not_available' else 'reported' end as areas_with_number_status,
    cast(baseline_stock as bigint) as baseline_stock,
    baseline_status as baseline_stock_status,
    baseline_known_from,
    cast(baseline_stock - cumulative as bigint) as expected_stock,
    case
        when baseline_status not in ('reported', 'derived', 'partial') then baseline_status
        else cumulative_status
    end as expected_stock_status,
    cast(actual_stock as bigint) as actual_stock,
    actual_status as actual_stock_status,
    actual_known_from,
    case when baseline_stock > 0 then 100.0 * cumulative / baseline_stock end as cumulative_reduction_pct,
    case
        when baseline_status not in ('reported', 'derived', 'partial') then baseline_status
        when cumulative is null then cumulative_status
        when baseline_stock > 0 then cumulative_status
        else 'not_available'
    end as cumulative_reduction_pct_status,
    stated_reduction_pct,
    case when stated_reduction_pct is null then 'not_available' else 'reported' end as stated_reduction_pct_status,
    cast(re_registrations as double) as re_registrations,
    re_registrations_status,
    re_registrations_unit,
    re_registrations_series_id,
    cast(returns_to_care as bigint) as returns_to_care,
    returns_to_care_status,
    cast(placed_with_parents as bigint) as placed_with_parents,
    placed_with_parents_status,
    companions_known_from,
    assumption_en,
    assumption_cy,
    original_language,
    case
        when coalesce(assumption_en, assumption_cy) is null then 'not_needed'
        when assumption_en is not null and assumption_cy is not null then 'translated'
        else 'not_translated'
    end as translation_status,
    true as is_advisory,
    false as comparable_across_areas,
    is_wales as is_total,
    adds_to,
    total_basis,
    areas_reporting,
    areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    source_key || '.' || priority as series_id,
    source_key,
    figure_id,
    known_from,
    known_to,
    loaded_at,
    audience,
    release_at,
    any_synthetic as is_synthetic
from measured
