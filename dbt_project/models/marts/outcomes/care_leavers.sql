-- Grain: area_code × financial_year × measure_key. Care leavers by several counts that go by one name: each row says who is
-- counted in it, and no count is compared with another.
with
quoted as (
    select
        *,
        {{ adds_up('unit', 'cast(null as bigint)') }} as is_count,
        row_number() over (
            partition by measure_key, area_code, financial_year
            order by place asc, period_end desc, source_key asc
        ) as quote_place
    from {{ ref('int_outcome_values') }}
    where
        mart = 'care_leavers'
        and fills = 'value'
        and figure_kind = 'actual'
        and period_kind in ('financial_year', 'financial_year_end')
),

-- what a count is part of: as the same source has it, where it does
wholes as (
    select
        quoted.measure_key,
        quoted.area_code,
        quoted.financial_year,
        held.value,
        held.value_status,
        held.known_from,
        held.loaded_at,
        held.is_synthetic,
        row_number() over (
            partition by quoted.measure_key, quoted.area_code, quoted.financial_year
            order by
                case when held.source_key = quoted.source_key then 0 else 1 end asc,
                held.place asc,
                held.source_key asc
        ) as whole_place
    from quoted
    inner join {{ ref('int_outcome_statements') }} as held
        on
            quoted.denominator_measure_key = held.measure_key
            and quoted.denominator_breakdown = held.breakdown
            and quoted.area_code = held.area_code
            and quoted.period_key = held.period_key
            and held.figure_kind = 'actual'
            and quoted.is_synthetic = held.is_synthetic
    where quoted.quote_place = 1
),

-- the measures of which others are parts, there and then
made_of_parts as (
    select distinct
        part_of_measure_key as measure_key,
        area_code,
        financial_year
    from quoted
    where quote_place = 1 and part_of_measure_key is not null
)

select
    quoted.area_code,
    quoted.area_version_key,
    quoted.area_name_en,
    quoted.area_name_cy,
    quoted.coverage_en,
    quoted.coverage_cy,
    quoted.financial_year,
    quoted.period_key,
    quoted.period_start,
    quoted.period_end,
    quoted.measure_key,
    quoted.measure_title_en,
    quoted.measure_title_cy,
    quoted.source_measure_key,
    quoted.breakdown,
    quoted.value,
    quoted.value_status,
    quoted.unit,
    quoted.qualifier,
    quoted.rounding_base,
    case
        when {{ has_value('wholes.value_status') }} and quoted.value_status <> 'withheld_quality' then wholes.value
    end as denominator,
    case
        when quoted.denominator_measure_key is null and quoted.is_count then 'not_applicable'
        when quoted.value_status = 'withheld_quality' then 'withheld_quality'
        else coalesce(wholes.value_status, 'not_available')
    end as denominator_status,
    quoted.population_definition_en,
    quoted.population_definition_cy,
    quoted.note_en,
    quoted.note_cy,
    -- one measure may be a part of another; of one measure, authorities add up to Wales
    made_of_parts.measure_key is not null as is_total,
    case when quoted.is_count then quoted.part_of_measure_key end as adds_to,
    case when quoted.is_count and quoted.area_type <> 'country' then 'W92000004' end as area_adds_to,
    quoted.part_of_measure_key,
    case when quoted.area_type = 'country' or made_of_parts.measure_key is not null then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    quoted.revision_status,
    quoted.note_codes,
    quoted.series_id,
    quoted.source_key,
    quoted.figure_id,
    {{ latest_of(['quoted.known_from', 'wholes.known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['quoted.loaded_at', 'wholes.loaded_at']) }} as loaded_at,
    quoted.audience,
    {{ latest_of(['quoted.release_at', 'wholes.known_from']) }} as release_at,
    quoted.is_synthetic or coalesce(wholes.is_synthetic, false) as is_synthetic
from quoted
left join wholes
    on
        quoted.measure_key = wholes.measure_key
        and quoted.area_code = wholes.area_code
        and quoted.financial_year = wholes.financial_year
        and wholes.whole_place = 1
left join made_of_parts
    on
        quoted.measure_key = made_of_parts.measure_key
        and quoted.area_code = made_of_parts.area_code
        and quoted.financial_year = made_of_parts.financial_year
where quoted.quote_place = 1
