-- Grain: area_code × financial_year × outcome. The outcomes that stand beside a cost, each from the first of its sources
-- that has a value: a share worked out from two counts of one source, or a percentage as published. Social services
-- performance measures are published for Wales only (rule R18): an authority's is withheld, whoever gives one.
with
current_values as (
    select
        *,
        case
            when period_kind = 'financial_year' then period_key
            -- a count on the last day of a financial year
            when period_end = period_start then {{ financial_year('period_end') }}
        end as financial_year
    from {{ ref('int_current_values') }}
    where
        figure_kind = 'actual'
        and (
            (measure_key = 'children_looked_after_by_placements' and breakdown in ('all', 'placements=three_or_more'))
            or (measure_key = 'children_looked_after' and breakdown in ('all', 'location=out_of_county_in_wales'))
            or measure_key in (
                'sspm_three_or_more_placements', 'sspm_care_leavers_eet_12_months', 'framework_three_or_more_placements',
                'framework_out_of_county_in_wales', 'framework_children_looked_after'
            )
        )
        and (period_kind = 'financial_year' or (month(period_end) = 3 and day(period_end) = 31))
),

parts as (
    select
        case
            when measure_key in ('children_looked_after_by_placements', 'framework_three_or_more_placements')
                then 'three_or_more_placements'
            else 'out_of_county_in_wales'
        end as outcome,
        case when measure_key like 'framework!_%' escape '!' then 3 else 1 end as preference,
        case when measure_key like 'framework!_%' escape '!' then 'framework_children_looked_after' else measure_key end
            as whole_measure_key,
        *
    from current_values
    where
        breakdown <> 'all'
        or measure_key in ('framework_three_or_more_placements', 'framework_out_of_county_in_wales')
),

shares as (
    select
        parts.area_code,
        parts.financial_year,
        parts.outcome,
        parts.preference,
        parts.place,
        {{ part_of_whole_pct('parts.value', 'wholes.value') }} as pct,
        {{ quotient_status(
            part_of_whole_pct('parts.value', 'wholes.value'),
            ['parts.value_status', "coalesce(wholes.value_status, 'not_available')"]
        ) }} as pct_status,
        parts.period_key,
        parts.whole_measure_key as denominator_measure_key,
        parts.series_id,
        parts.source_key,
        case when wholes.known_from > parts.known_from then wholes.known_from else parts.known_from end as known_from,
        parts.is_synthetic
    from parts
    left join current_values as wholes
        on
            parts.whole_measure_key = wholes.measure_key
            and wholes.breakdown = 'all'
            and parts.source_key = wholes.source_key
            and parts.area_code = wholes.area_code
            and parts.period_key = wholes.period_key
            and parts.is_synthetic = wholes.is_synthetic
),

published as (
    select
        area_code,
        financial_year,
        case measure_key
            when 'sspm_three_or_more_placements' then 'three_or_more_placements' else 'care_leavers_eet_12m'
        end as outcome,
        2 as preference,
        place,
        case when area_type = 'country' then value end as pct,
        case when area_type = 'country' then value_status else 'withheld_quality' end as pct_status,
        period_key,
        cast(null as {{ dbt.type_string() }}) as denominator_measure_key,
        series_id,
        source_key,
        known_from,
        is_synthetic
    from current_values
    where measure_key in ('sspm_three_or_more_placements', 'sspm_care_leavers_eet_12_months') and breakdown = 'all'
),

-- what is published of Wales in a year and of no authority is withheld there
withheld as (
    select
        areas.area_code,
        published.financial_year,
        published.outcome,
        2 as preference,
        published.place,
        cast(null as double) as pct,
        'withheld_quality' as pct_status,
        published.period_key,
        published.denominator_measure_key,
        published.series_id,
        published.source_key,
        published.known_from,
        published.is_synthetic
    from published
    cross join (
        select distinct area_code
        from {{ ref('int_area_versions') }}
        where area_type = 'local_authority'
    ) as areas
    where published.area_code = 'W92000004' and published.pct is not null
),

together as (
    select * from shares
    union all
    select * from published
    union all
    select * from withheld
),

ordered as (
    select
        *,
        row_number() over (
            partition by area_code, financial_year, outcome
            order by
                case
                    when pct is not null then 0
                    when pct_status = 'suppressed' then 1
                    when pct_status = 'withheld_quality' then 2
                    else 3
                end asc,
                preference asc,
                place asc,
                known_from desc,
                source_key asc
        ) as choice
    from together
)

select
    area_code,
    financial_year,
    outcome,
    pct,
    pct_status,
    denominator_measure_key,
    period_key,
    series_id,
    source_key,
    known_from,
    is_synthetic
from ordered
where choice = 1
