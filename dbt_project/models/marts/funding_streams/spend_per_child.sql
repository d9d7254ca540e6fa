-- Grain: area_code × financial_year × denominator_basis. Two denominators side by side, and no cost without outcomes.
{%- set outcomes = {
    'three_or_more_placements': 'three_or_more_placements_pct',
    'out_of_county_in_wales': 'out_of_county_in_wales_pct',
    'care_leavers_eet_12m': 'care_leavers_eet_12m_pct',
} %}
with
spend as (
    select *
    from {{ ref('social_services_outturn') }}
    where service_line = 'looked_after_total'
),

children as (
    select
        area_code,
        snapshot_date,
        source_key,
        children,
        children_status,
        is_headline,
        rounding_base,
        series_id,
        known_from,
        loaded_at,
        is_synthetic
    from {{ ref('children_looked_after') }}
),

-- the children as the source of the money counts them, where it does; else the figure to quote
stocks as (
    select
        spend.*,
        coalesce(own_closing.children, closing.children) as closing_children,
        case when own_closing.children is not null then own_closing.children_status else closing.children_status end
            as closing_status,
        case when own_closing.children is not null then own_closing.rounding_base else closing.rounding_base end
            as closing_rounding_base,
        case when own_closing.children is not null then own_closing.series_id else closing.series_id end
            as closing_series_id,
        case when own_closing.children is not null then own_closing.source_key else closing.source_key end
            as closing_source_key,
        case when own_closing.children is not null then own_closing.known_from else closing.known_from end
            as closing_known_from,
        case when own_closing.children is not null then own_closing.loaded_at else closing.loaded_at end
            as closing_loaded_at,
        case when own_closing.children is not null then own_closing.is_synthetic else closing.is_synthetic end
            as closing_is_synthetic,
        coalesce(own_opening.children, opening.children) as opening_children,
        case when own_opening.children is not null then own_opening.children_status else opening.children_status end
            as opening_status,
        case when own_opening.children is not null then own_opening.rounding_base else opening.rounding_base end
            as opening_rounding_base,
        case when own_opening.children is not null then own_opening.series_id else opening.series_id end
            as opening_series_id,
        case when own_opening.children is not null then own_opening.source_key else opening.source_key end
            as opening_source_key,
        case when own_opening.children is not null then own_opening.known_from else opening.known_from end
            as opening_known_from,
        case when own_opening.children is not null then own_opening.loaded_at else opening.loaded_at end
            as opening_loaded_at,
        case when own_opening.children is not null then own_opening.is_synthetic else opening.is_synthetic end
            as opening_is_synthetic
    from spend
    left join children as closing
        on spend.area_code = closing.area_code and spend.period_end = closing.snapshot_date and closing.is_headline
    left join children as own_closing
        on
            spend.area_code = own_closing.area_code
            and spend.period_end = own_closing.snapshot_date
            and spend.source_key = own_closing.source_key
    left join children as opening
        on
            spend.area_code = opening.area_code
            and {{ years_before('spend.period_end', 1) }} = opening.snapshot_date
            and opening.is_headline
    left join children as own_opening
        on
            spend.area_code = own_opening.area_code
            and {{ years_before('spend.period_end', 1) }} = own_opening.snapshot_date
            and spend.source_key = own_opening.source_key
),

on_both_bases as (
    select
        stocks.*,
        'closing_stock' as denominator_basis,
        cast(closing_children as double) as children,
        coalesce(closing_status, 'not_available') as children_status,
        closing_rounding_base as children_rounding_base,
        closing_source_key as children_source_key,
        closing_known_from as children_known_from,
        closing_loaded_at as children_loaded_at,
        coalesce(closing_is_synthetic, false) as children_is_synthetic
    from stocks

    union all

    select
        stocks.*,
        'mean_of_opening_and_closing' as denominator_basis,
        {{ mean_of_two_stocks('opening_children', 'closing_children') }} as children,
        case
            when closing_series_id <> opening_series_id then 'not_applicable'
            else {{ derived_status([
                "coalesce(closing_status, 'not_available')", "coalesce(opening_status, 'not_available')"
            ]) }}
        end as children_status,
        case when opening_rounding_base > closing_rounding_base then opening_rounding_base else closing_rounding_base end
            as children_rounding_base,
        case
            when closing_source_key = opening_source_key then closing_source_key
            else closing_source_key || ',' || opening_source_key
        end as children_source_key,
        {{ latest_of(['opening_known_from', 'closing_known_from']) }} as children_known_from,
        {{ latest_of(['opening_loaded_at', 'closing_loaded_at']) }} as children_loaded_at,
        coalesce(closing_is_synthetic, false) or coalesce(opening_is_synthetic, false) as children_is_synthetic
    from stocks
),

divided as (
    select
        *,
        case when children_status in ('reported', 'derived', 'partial') then children end as children_shown,
        case when children > 0 then cast(amount_gbp as double) / children end as unit_cost,
        case
            when children_status = 'not_applicable' then 'not_applicable'
            else {{ quotient_status(
                'case when children > 0 then cast(amount_gbp as double) / children end',
                ['amount_gbp_status', 'children_status']
            ) }}
        end as unit_cost_status
    from on_both_bases
),

outcomes as (
    select
        area_code,
        financial_year,
        {%- for outcome, column in outcomes.items() %}
            max(case when outcome = '{{ outcome }}' then pct end) as {{ column }},
            max(case when outcome = '{{ outcome }}' then pct_status end) as {{ column }}_status,
            max(case when outcome = '{{ outcome }}' then period_key end) as {{ column }}_period_key,
            max(case when outcome = '{{ outcome }}' then series_id end) as {{ column }}_series_id,
            max(case when outcome = '{{ outcome }}' then source_key end) as {{ column }}_source_key,
        {%- endfor %}
        max(known_from) as known_from,
        max(case when is_synthetic and pct is not null then 1 else 0 end) as is_synthetic
    from {{ ref('int_outcomes_beside_spend') }}
    group by area_code, financial_year
)

select
    divided.area_code,
    divided.area_version_key,
    divided.area_name_en,
    divided.area_name_cy,
    divided.coverage_en,
    divided.coverage_cy,
    divided.financial_year,
    divided.period_start,
    divided.period_end,
    divided.denominator_basis,
    {{ denominator_basis_label('divided.denominator_basis', 'en') }} as denominator_basis_en,
    {{ denominator_basis_label('divided.denominator_basis', 'cy') }} as denominator_basis_cy,
    divided.amount_gbp as looked_after_spend_gbp,
    divided.amount_gbp_status as looked_after_spend_gbp_status,
    divided.expenditure_basis,
    divided.expenditure_basis_en,
    divided.expenditure_basis_cy,
    divided.children_shown as children,
    case
        when divided.children_shown is null and divided.children_status in ('reported', 'derived', 'partial')
            then 'not_available'
        else divided.children_status
    end as children_status,
    cast(divided.children_rounding_base as bigint) as children_rounding_base,
    divided.children_source_key,
    divided.children_known_from,
    divided.closing_series_id as children_series_id,
    cast(case when divided.unit_cost_status = 'derived' then divided.unit_cost end as decimal(18, 2))
        as spend_per_child_gbp,
    divided.unit_cost_status as spend_per_child_gbp_status,
    {{ small_number_flag('divided.children_shown', 'cast(null as double)', 'divided.children_rounding_base') }}
        as small_number_flag,
    {%- for outcome, column in outcomes.items() %}
        outcomes.{{ column }},
        coalesce(outcomes.{{ column }}_status, 'not_available') as {{ column }}_status,
        outcomes.{{ column }}_period_key,
        outcomes.{{ column }}_series_id,
        outcomes.{{ column }}_source_key,
    {%- endfor %}
    outcomes.known_from as outcomes_known_from,
    divided.area_code = 'W92000004' as is_total,
    -- an average of authorities is no sum of them
    cast(null as {{ dbt.type_string() }}) as adds_to,
    case when divided.area_code = 'W92000004' then divided.total_basis end as total_basis,
    divided.areas_reporting,
    divided.areas_expected,
    divided.qualifier,
    divided.revision_status,
    divided.series_id,
    divided.source_key,
    {{ latest_of(['divided.known_from', 'divided.children_known_from', 'outcomes.known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['divided.loaded_at', 'divided.children_loaded_at']) }} as loaded_at,
    'public' as audience,
    -- a row is released when all that stands in it is
    {{ latest_of(['divided.known_from', 'divided.children_known_from', 'outcomes.known_from']) }} as release_at,
    -- the cost alone: an outcome beside it that is synthetic does not make it so
    divided.is_synthetic or divided.children_is_synthetic as spend_per_child_is_synthetic,
    divided.is_synthetic or divided.children_is_synthetic or coalesce(outcomes.is_synthetic, 0) = 1 as is_synthetic
from divided
left join outcomes
    on divided.area_code = outcomes.area_code and divided.financial_year = outcomes.financial_year
