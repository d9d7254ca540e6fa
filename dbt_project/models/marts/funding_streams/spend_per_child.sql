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

-- Of each of the two days one number: as the source of the money counts the children, where it does; else the figure to
-- quote. Real children are set against real money, and synthetic ones against synthetic, wherever there are such: where the
-- figure to quote is of the other kind, another of the money’s own; and where there is none, the other, which makes the cost
-- synthetic.
stocks as (
    select
        spend.area_code,
        spend.financial_year,
        counts.snapshot_date,
        counts.source_key,
        counts.children,
        counts.children_status,
        counts.rounding_base,
        counts.series_id,
        counts.known_from,
        counts.loaded_at,
        counts.is_synthetic,
        row_number() over (
            partition by spend.area_code, spend.financial_year, counts.snapshot_date
            order by
                case when counts.source_key = spend.source_key and counts.children is not null then 0 else 1 end asc,
                case
                    when counts.is_synthetic <> spend.is_synthetic then 1
                    when counts.children is not null or counts.children_status = 'suppressed' then 0
                    else 2
                end asc,
                case when counts.is_headline then 0 else 1 end asc,
                case when counts.children is not null or counts.children_status = 'suppressed' then 0 else 1 end asc,
                counts.known_from desc,
                counts.rounding_base asc,
                counts.source_key asc
        ) as choice
    from spend
    inner join {{ ref('children_looked_after') }} as counts
        on
            spend.area_code = counts.area_code
            and counts.snapshot_date in (spend.period_end, {{ years_before('spend.period_end', 1) }})
    -- said loosely, or a forecast: quoted by nobody but the source of the money itself
    where
        counts.is_headline
        or counts.source_key = spend.source_key
        or (counts.qualifier is null and not {{ has_code('counts.note_codes', 'f') }})
),

with_stocks as (
    select
        {%- for day in ['closing', 'opening'] %}
            {{ day }}.children as {{ day }}_children,
            {{ day }}.children_status as {{ day }}_children_status,
            {{ day }}.rounding_base as {{ day }}_rounding_base,
            {{ day }}.series_id as {{ day }}_series_id,
            {{ day }}.source_key as {{ day }}_source_key,
            {{ day }}.known_from as {{ day }}_known_from,
            {{ day }}.loaded_at as {{ day }}_loaded_at,
            {{ day }}.is_synthetic as {{ day }}_is_synthetic,
        {%- endfor %}
        spend.*
    from spend
    left join stocks as closing
        on
            spend.area_code = closing.area_code
            and spend.financial_year = closing.financial_year
            and spend.period_end = closing.snapshot_date
            and closing.choice = 1
    left join stocks as opening
        on
            spend.area_code = opening.area_code
            and spend.financial_year = opening.financial_year
            and {{ years_before('spend.period_end', 1) }} = opening.snapshot_date
            and opening.choice = 1
),

on_both_bases as (
    select
        with_stocks.*,
        'closing_stock' as denominator_basis,
        cast(closing_children as double) as children,
        coalesce(closing_children_status, 'not_available') as children_status,
        closing_rounding_base as children_rounding_base,
        closing_source_key as children_source_key,
        closing_known_from as children_known_from,
        closing_loaded_at as children_loaded_at,
        coalesce(closing_is_synthetic, false) as children_is_synthetic
    from with_stocks

    union all

    select
        with_stocks.*,
        'mean_of_opening_and_closing' as denominator_basis,
        {{ mean_of_two_stocks('opening_children', 'closing_children') }} as children,
        case
            when closing_series_id <> opening_series_id then 'not_applicable'
            else {{ derived_status([
                "coalesce(closing_children_status, 'not_available')", "coalesce(opening_children_status, 'not_available')"
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
    from with_stocks
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
            max(case when outcome = '{{ outcome }}' then denominator_measure_key end) as {{ column }}_denominator_measure_key,
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
        outcomes.{{ column }}_denominator_measure_key,
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
