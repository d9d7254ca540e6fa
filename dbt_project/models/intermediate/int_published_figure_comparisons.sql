-- One row a figure in a document and a value that could answer it: what each source of statistics or returns gives or
-- gave, for as long as it gave it, with the tolerance for the rounding of both. Never a document's value.
-- `choice` 1 is the statistic of today that is compared first.
with
figures as (
    select * from {{ ref('int_document_figures') }}
    where derivation is not null
),

history as (
    select * from {{ ref('int_children_looked_after_history') }}
    where source_kind = 'statistic'
),

children as (
    select
        figures.figure_id,
        figures.value as published_value,
        figures.qualifier,
        figures.printed_decimals,
        figures.rounding_base as printed_rounding_base,
        figures.unit,
        figures.derivation,
        history.source_key as warehouse_source_key,
        greatest(history.known_from, coalesce(base.known_from, history.known_from)) as warehouse_known_from,
        history.known_to is null and (figures.derivation <> 'growth_pct' or base.known_to is null) as is_current,
        history.is_quotable,
        history.release_date,
        cast(history.rounding_base as double) as rounding_base,
        case
            when figures.derivation in ('rate_per_10000', 'rate_change') then history.rate_per_10000_status
            else history.children_status
        end as warehouse_status,
        case figures.derivation
            when 'value' then cast(history.children as double)
            when 'change_n' then cast(history.change_n as double)
            when 'change_pct' then history.change_pct
            when 'rate_per_10000' then history.rate_per_10000
            when 'rate_change' then history.rate_change
            when 'growth_pct' then {{ change_pct('history.children', 'base.children') }}
        end as warehouse_value,
        cast(history.children as double) as now_value,
        cast(
            case when figures.derivation = 'growth_pct' then base.children else history.children_before end as double
        ) as before_value,
        history.population_under_18,
        history.population_before,
        history.is_synthetic
    from figures
    inner join history
        on
            figures.measure_key = 'children_looked_after'
            and figures.breakdown = 'all'
            and figures.area_code = history.area_code
            and figures.period_end = history.snapshot_date
    left join history as base
        on
            figures.derivation = 'growth_pct'
            and history.source_key = base.source_key
            and history.area_code = base.area_code
            and figures.base_period_end = base.snapshot_date
            and history.series_id = base.series_id
            -- both as one vintage had them
            and (base.known_to is null or history.known_from < base.known_to)
            and (history.known_to is null or history.known_to > base.known_from)
),

-- any other measure: its value, its change since another period, or its share of a whole, as one vintage had both
others as (
    select
        figures.figure_id,
        figures.value as published_value,
        figures.qualifier,
        figures.printed_decimals,
        figures.rounding_base as printed_rounding_base,
        figures.unit,
        figures.derivation,
        comparable.source_key as warehouse_source_key,
        greatest(comparable.known_from, coalesce(beside.known_from, comparable.known_from)) as warehouse_known_from,
        comparable.known_to is null and (figures.derivation = 'value' or beside.known_to is null) as is_current,
        comparable.is_quotable,
        comparable.release_date,
        comparable.rounding_base,
        case
            when figures.derivation = 'value' then comparable.value_status
            else {{ derived_status(['comparable.value_status', 'beside.value_status']) }}
        end as warehouse_status,
        case
            when figures.derivation = 'value' then comparable.value
            when figures.derivation = 'change_n' then comparable.value - beside.value
            when figures.derivation in ('change_pct', 'growth_pct')
                then {{ change_pct('comparable.value', 'beside.value') }}
            when figures.derivation = 'share_pct' then 100.0 * comparable.value / nullif(beside.value, 0)
        end as warehouse_value,
        comparable.value as now_value,
        beside.value as before_value,
        cast(null as bigint) as population_under_18,
        cast(null as bigint) as population_before,
        comparable.is_synthetic
    from figures
    inner join {{ ref('int_comparable_values') }} as comparable
        on
            figures.measure_key = comparable.measure_key
            and figures.area_code = comparable.area_code
            and figures.period_key = comparable.period_key
            and figures.breakdown = comparable.breakdown
    left join {{ ref('int_comparable_values') }} as beside
        on
            figures.derivation <> 'value'
            and comparable.measure_key = beside.measure_key
            and comparable.source_key = beside.source_key
            and comparable.area_code = beside.area_code
            and comparable.series_id = beside.series_id
            and coalesce(figures.base_period_key, figures.period_key) = beside.period_key
            and coalesce(figures.whole_breakdown, figures.breakdown) = beside.breakdown
            and (beside.known_to is null or comparable.known_from < beside.known_to)
            and (comparable.known_to is null or comparable.known_to > beside.known_from)
    where
        figures.figure_kind <> 'target'
        and (figures.measure_key <> 'children_looked_after' or figures.breakdown <> 'all')
),

answers as (
    select * from children
    union all
    select * from others
),

tolerated as (
    select
        answers.*,
        {{ half_rounding(
            'printed_rounding_base', "derivation in ('value', 'change_n') and coalesce(unit, 'none') not in ('percent', 'per_10000')"
        ) }} as printed_half,
        {{ derived_rounding(
            'derivation', half_rounding('rounding_base', 'true'), 'now_value', 'before_value',
            'population_under_18', 'population_before'
        ) }} as warehouse_half
    from answers
),

judged as (
    select
        tolerated.*,
        {{ reconciliation_tolerance(
            'qualifier', 'published_value', 'printed_decimals', 'printed_half', 'warehouse_half'
        ) }} as tolerance
    from tolerated
)

select
    judged.*,
    {{ reconciliation_result('qualifier', 'published_value', 'warehouse_value', 'tolerance') }} as result,
    row_number() over (
        partition by figure_id
        order by
            case when is_current then 0 else 1 end,
            case when is_quotable then 0 else 1 end,
            case when warehouse_value is not null or warehouse_status = 'suppressed' then 0 else 1 end,
            case when is_synthetic then 1 else 0 end,
            release_date desc,
            rounding_base ASC,
            warehouse_known_from desc,
            warehouse_source_key ASC
    ) as choice
from judged
