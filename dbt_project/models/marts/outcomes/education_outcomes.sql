-- Grain: area_code × school_year × measure_key. What children attained, and what was aimed at, in columns of their own. A
-- target stands for Wales and its own year only, and for an authority nowhere. Distance travelled stands beside attainment
-- also where nobody collects it.
with
ranked as (
    select
        *,
        row_number() over (
            partition by measure_key, area_code, school_year, fills, figure_kind
            order by place asc, period_end desc, source_key asc
        ) as quote_place
    from {{ ref('int_outcome_values') }}
    where
        mart = 'education_outcomes'
        and figure_kind in ('actual', 'target')
        and (figure_kind = 'actual' or area_type = 'country')
),

quoted as (
    select
        *,
        case when fills = 'value' then figure_kind else fills end as role
    from ranked
    where quote_place = 1 and (fills = 'value' or figure_kind = 'actual')
),

-- the row of a school year: of attainment where there is one, else of the target or of distance travelled
keys as (
    select
        quoted.*,
        row_number() over (
            partition by measure_key, area_code, school_year
            order by case role when 'actual' then 1 when 'target' then 2 else 3 end asc, role asc
        ) as key_place
    from quoted
),

-- what a target falls short by is against attainment of its year, else of the latest year before it, in the same series: a
-- real target against real attainment, and never one against the other kind
before_targets as (
    select
        targets.measure_key,
        targets.area_code,
        targets.school_year,
        attained.school_year as gap_school_year,
        attained.value,
        attained.value_status,
        attained.known_from,
        attained.loaded_at,
        attained.is_synthetic,
        row_number() over (
            partition by targets.measure_key, targets.area_code, targets.school_year
            order by attained.school_year desc
        ) as recency
    from quoted as targets
    inner join quoted as attained
        on
            targets.measure_key = attained.measure_key
            and targets.area_code = attained.area_code
            and targets.series_id = attained.series_id
            and targets.is_synthetic = attained.is_synthetic
            and targets.school_year >= attained.school_year
    where
        targets.role = 'target'
        and targets.value is not null
        and attained.role = 'actual'
        and (attained.value is not null or attained.value_status = 'suppressed')
),

joined as (
    select
        keys.*,
        attained.value as attainment_pct,
        attained.value_status as attainment_status,
        attained.qualifier as attainment_qualifier,
        targets.value as target_pct,
        targets.value_status as target_status,
        targets.qualifier as target_qualifier,
        targets.source_key as target_source_key,
        before_targets.gap_school_year,
        before_targets.value as gap_from,
        before_targets.value_status as gap_from_status,
        wholes.value as denominator,
        wholes.value_status as denominator_status,
        travelled.value as distance_travelled,
        travelled.value_status as distance_travelled_status,
        travelled.unit as distance_travelled_unit,
        {%- for moment in ['known_from', 'loaded_at'] %}
            {{ latest_of([
                'attained.' ~ moment, 'wholes.' ~ moment, 'targets.' ~ moment, 'before_targets.' ~ moment, 'travelled.' ~ moment
            ]) }} as all_{{ moment }},
        {%- endfor %}
        coalesce(attained.is_synthetic, false)
        or coalesce(targets.is_synthetic, false)
        or coalesce(before_targets.is_synthetic, false)
        or coalesce(wholes.is_synthetic, false)
        or coalesce(travelled.is_synthetic, false) as any_synthetic
    from keys
    left join quoted as attained
        on
            attained.role = 'actual'
            and keys.measure_key = attained.measure_key
            and keys.area_code = attained.area_code
            and keys.school_year = attained.school_year
    left join quoted as targets
        on
            targets.role = 'target'
            and keys.measure_key = targets.measure_key
            and keys.area_code = targets.area_code
            and keys.school_year = targets.school_year
    left join quoted as travelled
        on
            travelled.role = 'distance_travelled'
            and keys.measure_key = travelled.measure_key
            and keys.area_code = travelled.area_code
            and keys.school_year = travelled.school_year
    left join quoted as wholes
        on
            wholes.role = 'denominator'
            and wholes.is_synthetic = coalesce(attained.is_synthetic, wholes.is_synthetic)
            and keys.measure_key = wholes.measure_key
            and keys.area_code = wholes.area_code
            and keys.school_year = wholes.school_year
    left join before_targets
        on
            before_targets.recency = 1
            and keys.measure_key = before_targets.measure_key
            and keys.area_code = before_targets.area_code
            and keys.school_year = before_targets.school_year
    where keys.key_place = 1
)

select
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    coverage_en,
    coverage_cy,
    school_year,
    period_key,
    period_start,
    period_end,
    measure_key,
    measure_title_en,
    measure_title_cy,
    source_measure_key,
    breakdown,
    attainment_pct,
    coalesce(attainment_status, 'not_available') as attainment_pct_status,
    attainment_qualifier as qualifier,
    case when coalesce(attainment_status, '-') <> 'withheld_quality' then cast(denominator as bigint) end as denominator,
    case
        when attainment_status = 'withheld_quality' then 'withheld_quality'
        else coalesce(denominator_status, 'not_available')
    end as denominator_status,
    target_pct,
    coalesce(target_status, 'not_applicable') as target_pct_status,
    target_qualifier,
    target_source_key,
    case when target_pct is not null then target_pct - gap_from end as gap_pp,
    case
        when target_status is null then 'not_applicable'
        when gap_from_status = 'suppressed' then 'suppressed'
        when target_pct is null or gap_from is null then 'not_available'
        else 'derived'
    end as gap_pp_status,
    case when target_pct is not null then gap_school_year end as gap_school_year,
    distance_travelled,
    coalesce(distance_travelled_status, 'not_collected') as distance_travelled_status,
    distance_travelled_unit,
    rounding_base,
    population_definition_en,
    population_definition_cy,
    note_en,
    note_cy,
    area_code = 'W92000004' as is_total,
    -- percentages add up to nothing
    cast(null as {{ dbt.type_string() }}) as adds_to,
    case when area_code = 'W92000004' then 'published' end as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    revision_status,
    note_codes,
    series_id,
    source_key,
    figure_id,
    all_known_from as known_from,
    cast(null as timestamp) as known_to,
    all_loaded_at as loaded_at,
    audience,
    all_known_from as release_at,
    any_synthetic as is_synthetic
from joined
