-- Grain: area_code × financial_year × provider_type × placement_type. What a week of a placement cost, and what came of
-- it: no cost stands without its outcome or the reason for which there is none.
with
cells as (
    select
        *,
        {{ breakdown_member('breakdown', 'placement_type') }} as member_key
    from {{ ref('int_current_values') }}
    where
        measure_key in ('placement_weeks', 'placement_expenditure', 'placement_positive_outcomes')
        and period_kind = 'financial_year'
        and figure_kind = 'actual'
        and place = 1
),

-- weeks and money of one source: what a source spent is over the weeks that it counts
priced as (
    select
        money.area_code,
        money.area_version_key,
        money.area_name_en,
        money.area_name_cy,
        money.area_type,
        money.coverage_en,
        money.coverage_cy,
        money.measure_version_key,
        money.period_key as financial_year,
        money.period_start,
        money.period_end,
        kinds.provider_type,
        kinds.provider_type_en,
        kinds.provider_type_cy,
        kinds.placement_type,
        kinds.placement_type_en,
        kinds.placement_type_cy,
        money.value as expenditure,
        money.value_status as expenditure_status,
        weeks.value as weeks,
        coalesce(weeks.value_status, 'not_available') as weeks_status,
        case when weeks.value > 0 then money.value / weeks.value end as cost_per_week,
        outcomes.value as outcome,
        -- nobody collects what became of children by who provides their placement, until somebody does
        coalesce(outcomes.value_status, 'not_collected') as outcome_status,
        outcomes.source_key as outcome_source_key,
        outcomes.series_id as outcome_series_id,
        coalesce(definitions.definition_en, 'Children whose placement had a positive outcome. No source counts it by provider.')
            as outcome_definition_en,
        coalesce(
            definitions.definition_cy,
            'Plant y cafodd eu lleoliad ganlyniad cadarnhaol. Nid oes ffynhonnell yn ei gyfrif yn ôl darparwr.'
        ) as outcome_definition_cy,
        coalesce(money.qualifier, weeks.qualifier) as qualifier,
        case
            when 'provisional' in (money.revision_status, weeks.revision_status) then 'provisional'
            else coalesce(money.revision_status, weeks.revision_status)
        end as revision_status,
        money.series_id,
        money.source_key,
        {{ latest_of(['money.known_from', 'weeks.known_from', 'outcomes.known_from']) }} as known_from,
        {{ latest_of(['money.loaded_at', 'weeks.loaded_at', 'outcomes.loaded_at']) }} as loaded_at,
        money.is_synthetic or coalesce(weeks.is_synthetic, false) or coalesce(outcomes.is_synthetic, false)
            as is_synthetic
    from cells as money
    inner join {{ ref('placement_cost_kinds') }} as kinds on money.member_key = kinds.member_key
    left join cells as weeks
        on
            weeks.measure_key = 'placement_weeks'
            and money.area_code = weeks.area_code
            and money.period_key = weeks.period_key
            and money.breakdown = weeks.breakdown
            and money.source_key = weeks.source_key
    left join cells as outcomes
        on
            outcomes.measure_key = 'placement_positive_outcomes'
            and money.area_code = outcomes.area_code
            and money.period_key = outcomes.period_key
            and money.breakdown = outcomes.breakdown
    left join {{ ref('int_measure_versions') }} as definitions
        on outcomes.measure_version_key = definitions.measure_version_key
    where money.measure_key = 'placement_expenditure'
),

judged as (
    select
        *,
        {{ quotient_status('cost_per_week', ['expenditure_status', 'weeks_status']) }} as cost_status
    from priced
)

select
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    coverage_en,
    coverage_cy,
    measure_version_key,
    financial_year,
    period_start,
    period_end,
    provider_type,
    provider_type_en,
    provider_type_cy,
    placement_type,
    placement_type_en,
    placement_type_cy,
    cast(expenditure as decimal(18, 2)) as expenditure_gbp,
    expenditure_status as expenditure_gbp_status,
    'gross' as expenditure_basis,
    weeks,
    weeks_status,
    cast(case when cost_status = 'derived' then cost_per_week end as decimal(18, 2)) as cost_per_week_gbp,
    cost_status as cost_per_week_gbp_status,
    -- of children there all year: a week is a 52nd of one
    {{ small_number_flag('weeks / 52.0', 'cast(null as double)', '1') }} as small_number_flag,
    outcome as outcome_pct,
    outcome_status as outcome_pct_status,
    outcome_definition_en,
    outcome_definition_cy,
    outcome_source_key,
    outcome_series_id,
    area_type = 'country' as is_total,
    -- a cost by the week is no sum of others
    cast(null as {{ dbt.type_string() }}) as adds_to,
    case when area_type = 'country' then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    qualifier,
    revision_status,
    series_id,
    source_key,
    known_from,
    cast(null as timestamp) as known_to,
    loaded_at,
    'public' as audience,
    known_from as release_at,
    is_synthetic
from judged
