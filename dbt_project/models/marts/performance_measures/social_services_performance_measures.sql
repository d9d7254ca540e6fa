-- Grain: area_code × financial_year × official_code. Official measures of three frameworks that were never one series: a
-- figure of a year that is none of its framework's is not here, nor a measure of whose code and title we are not sure.
-- Where a year may be shown for Wales only, an authority's row stands without its value.
with
measures as (
    select * from {{ ref('int_measure_versions') }}
    where framework <> 'statistics' and confidence is not null
),

published as (
    select
        held.area_code,
        {{ financial_year('held.period_end') }} as financial_year,
        held.measure_version_key,
        held.period_start,
        held.period_end,
        held.value,
        held.value_status,
        held.rounding_base,
        held.qualifier,
        held.revision_status,
        held.note_codes,
        held.source_key,
        held.coverage_en,
        held.coverage_cy,
        held.known_from,
        held.loaded_at,
        held.is_synthetic
    from {{ ref('int_current_values') }} as held
    inner join measures on held.measure_version_key = measures.measure_version_key
    where
        held.place = 1
        and held.breakdown = 'all'
        and held.figure_kind = 'actual'
        and held.period_kind in ('financial_year', 'financial_year_end')
        and held.period_end >= measures.valid_from
        and (measures.valid_to is null or held.period_end < measures.valid_to)
),

-- numerators and denominators that a page gives, kept by hand
parts as (
    select
        given.*,
        measures.measure_version_key,
        {{ date_of("cast(substr(given.financial_year, 1, 4) as integer)", 4, 1) }} as period_start,
        {{ date_of("cast(substr(given.financial_year, 1, 4) as integer) + 1", 3, 31) }} as period_end,
        100.0 * cast(given.numerator as double) / cast(given.denominator as double) as share
    from {{ ref('social_services_measure_parts') }} as given
    inner join measures on given.official_code = measures.official_code
),

-- they are real, so they never stand beside a synthetic figure; nor beside one that they do not give
together as (
    select
        published.*,
        parts.numerator,
        parts.denominator,
        parts.known_from as parts_known_from
    from published
    left join parts
        on
            published.measure_version_key = parts.measure_version_key
            and published.area_code = parts.area_code
            and published.financial_year = parts.financial_year
            and not published.is_synthetic
            and abs(published.value - parts.share)
            <= case when published.value = round(published.value, 0) then 0.5 else 0.05 end + 1e-9

    union all

    select
        parts.area_code,
        parts.financial_year,
        parts.measure_version_key,
        parts.period_start,
        parts.period_end,
        parts.share as value,
        'derived' as value_status,
        cast(null as double) as rounding_base,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        'reference' as source_key,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        parts.known_from,
        parts.known_from as loaded_at,
        false as is_synthetic,
        parts.numerator,
        parts.denominator,
        parts.known_from as parts_known_from
    from parts
    where
        not exists (
            select 1 from published
            where
                published.measure_version_key = parts.measure_version_key
                and published.area_code = parts.area_code
                and published.financial_year = parts.financial_year
        )
),

judged as (
    select
        together.*,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        measures.measure_key,
        measures.official_code,
        measures.title_en,
        measures.title_cy,
        measures.framework,
        measures.confidence,
        measures.unit,
        measures.series_id,
        measures.population_definition_en,
        measures.population_definition_cy,
        measures.valid_from,
        measures.comparable_to_previous as comparable_to_framework_before,
        {{ adds_up('measures.unit', 'measures.rate_base') }} as adds_up,
        coalesce(levels.publishable_level, rules.publishable_level, 'none') as publishable_level
    from together
    inner join measures on together.measure_version_key = measures.measure_version_key
    inner join {{ ref('int_area_versions') }} as areas
        on
            together.area_code = areas.area_code
            and together.period_end >= areas.applies_from
            and together.period_end < areas.applies_to
    left join {{ ref('measure_publishability') }} as levels
        on
            measures.measure_key = levels.measure_key
            and together.financial_year = levels.financial_year
    -- a year of which only numerators and denominators are held
    left join {{ ref('publishability_rules') }} as rules
        on
            measures.framework = rules.framework
            and together.financial_year >= rules.first_year
            and together.financial_year <= coalesce(rules.last_year, '9999-00')
),

shown as (
    select
        *,
        -- a body between authorities and Wales is shown only where authorities are
        case
            when publishable_level = 'local_authority' then value_status
            when publishable_level = 'country' and area_type = 'country' then value_status
            else 'withheld_quality'
        end as shown_status
    from judged
),

counted as (
    select
        *,
        sum(case when area_type = 'local_authority' and value is not null and shown_status = value_status then 1 else 0 end)
            over (partition by official_code, financial_year) as authorities_with_value,
        sum(case when area_type = 'local_authority' then 1 else 0 end)
            over (partition by official_code, financial_year) as authorities_there
    from shown
),

expected as (
    {{ authorities_on('judged', 'period_end') }}
)

select
    counted.area_code,
    counted.area_version_key,
    counted.area_name_en,
    counted.area_name_cy,
    counted.coverage_en,
    counted.coverage_cy,
    counted.financial_year,
    counted.period_start,
    counted.period_end,
    counted.official_code,
    counted.measure_key,
    counted.measure_version_key,
    counted.title_en,
    counted.title_cy,
    counted.framework,
    counted.confidence,
    case when counted.shown_status in ('reported', 'derived', 'partial') then counted.value end as value,
    counted.shown_status as value_status,
    counted.unit,
    case when counted.shown_status in ('reported', 'derived') then counted.numerator end as numerator,
    case when counted.shown_status in ('reported', 'derived') then counted.denominator end as denominator,
    case
        when counted.shown_status not in ('reported', 'derived', 'partial') then counted.shown_status
        when counted.unit not in ('percent', 'days') then 'not_applicable'
        when counted.numerator is null or counted.shown_status = 'partial' then 'not_available'
        else 'reported'
    end as denominator_status,
    case
        when counted.shown_status in ('reported', 'derived') and counted.unit = 'percent'
            then 100.0 * {{ wilson_limit('low', 'counted.numerator', 'counted.denominator') }}
    end as lower_ci,
    case
        when counted.shown_status in ('reported', 'derived') and counted.unit = 'percent'
            then 100.0 * {{ wilson_limit('high', 'counted.numerator', 'counted.denominator') }}
    end as upper_ci,
    case
        when counted.shown_status not in ('reported', 'derived', 'partial') then counted.shown_status
        when counted.unit <> 'percent' then 'not_applicable'
        when counted.numerator is null or counted.shown_status = 'partial' then 'not_available'
        else 'derived'
    end as ci_status,
    counted.publishable_level,
    -- the first year of a framework compares with nothing before it
    case
        when counted.financial_year > {{ financial_year('counted.valid_from') }} then true
        else counted.comparable_to_framework_before
    end as comparable_to_previous,
    counted.series_id,
    counted.rounding_base,
    counted.qualifier,
    counted.population_definition_en,
    counted.population_definition_cy,
    counted.area_type = 'country' as is_total,
    case when counted.adds_up and counted.area_type <> 'country' then 'W92000004' end as adds_to,
    case when counted.area_type = 'country' then 'published' end as total_basis,
    case
        when counted.area_type = 'country' and counted.publishable_level = 'local_authority' and counted.authorities_there > 0
            then cast(counted.authorities_with_value as bigint)
    end as areas_reporting,
    case when counted.area_type = 'country' then cast(expected.areas_expected as bigint) end as areas_expected,
    counted.revision_status,
    counted.note_codes,
    counted.source_key,
    {{ latest_of(['counted.known_from', 'counted.parts_known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    counted.loaded_at,
    'public' as audience,
    {{ latest_of(['counted.known_from', 'counted.parts_known_from']) }} as release_at,
    counted.is_synthetic
from counted
left join expected on counted.period_end = expected.period_end
