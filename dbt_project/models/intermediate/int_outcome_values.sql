-- Grain: mart × measure_key × fills × area_code × period_key × source_key × figure_kind. What every source says now of the
-- measures of the marts of outcomes, under the key, title and population that the mart gives them. A figure of an authority
-- that may be shown for Wales only stands without its value; one of a year that is none of its framework's is not here.
with
mapped as (
    select
        mapping.mart,
        mapping.measure_key,
        mapping.fills,
        mapping.source_measure_key,
        mapping.denominator_measure_key,
        mapping.denominator_breakdown,
        mapping.part_of_measure_key,
        held.measure_version_key,
        held.framework,
        held.unit,
        held.area_code,
        held.area_version_key,
        held.area_name_en,
        held.area_name_cy,
        held.area_type,
        held.period_kind,
        held.period_key,
        held.period_start,
        held.period_end,
        {{ school_year('held.period_kind', 'held.period_key', 'held.period_end') }} as school_year,
        {{ financial_year('held.period_end') }} as financial_year,
        held.breakdown,
        held.value,
        held.value_status,
        held.rounding_base,
        held.qualifier,
        held.revision_status,
        held.note_codes,
        held.source_kind,
        held.source_key,
        held.figure_id,
        held.figure_kind,
        held.known_from,
        held.loaded_at,
        held.coverage_en,
        held.coverage_cy,
        held.audience,
        held.release_at,
        held.is_synthetic,
        held.place,
        case
            when held.breakdown = 'all' then held.series_id
            else held.series_id || '.' || held.breakdown
        end as series_id,
        coalesce(mapping.title_en, versions.title_en) as measure_title_en,
        coalesce(mapping.title_cy, versions.title_cy) as measure_title_cy,
        coalesce(held.population_definition_en, mapping.population_definition_en) as population_definition_en,
        coalesce(held.population_definition_cy, mapping.population_definition_cy) as population_definition_cy,
        case
            when levels.publishable_level = 'country' and held.area_type <> 'country' then 'withheld_quality'
            else held.value_status
        end as shown_status
    from {{ ref('outcome_measures') }} as mapping
    inner join {{ ref('int_outcome_statements') }} as held
        on mapping.source_measure_key = held.measure_key and mapping.source_breakdown = held.breakdown
    inner join {{ ref('int_measure_versions') }} as versions on held.measure_version_key = versions.measure_version_key
    left join {{ ref('measure_publishability') }} as levels
        on
            held.measure_key = levels.measure_key
            and held.period_kind in ('financial_year', 'financial_year_end')
            and {{ financial_year('held.period_end') }} = levels.financial_year
    where
        held.framework = 'statistics'
        or (
            held.period_end >= versions.valid_from
            and (versions.valid_to is null or held.period_end < versions.valid_to)
        )
)

select
    mapped.mart,
    mapped.measure_key,
    mapped.fills,
    mapped.source_measure_key,
    mapped.denominator_measure_key,
    mapped.denominator_breakdown,
    mapped.part_of_measure_key,
    mapped.measure_version_key,
    mapped.measure_title_en,
    mapped.measure_title_cy,
    mapped.unit,
    mapped.area_code,
    mapped.area_version_key,
    mapped.area_name_en,
    mapped.area_name_cy,
    mapped.area_type,
    mapped.period_kind,
    mapped.period_key,
    mapped.period_start,
    mapped.period_end,
    mapped.school_year,
    mapped.financial_year,
    mapped.breakdown,
    case when {{ has_value('mapped.shown_status') }} then mapped.value end as value,
    mapped.shown_status as value_status,
    mapped.rounding_base,
    mapped.qualifier,
    mapped.population_definition_en,
    mapped.population_definition_cy,
    mapped.coverage_en,
    mapped.coverage_cy,
    mapped.revision_status,
    mapped.note_codes,
    notes.note_en,
    notes.note_cy,
    mapped.series_id,
    mapped.source_kind,
    mapped.source_key,
    mapped.figure_id,
    mapped.figure_kind,
    mapped.known_from,
    mapped.loaded_at,
    mapped.audience,
    mapped.release_at,
    mapped.is_synthetic,
    mapped.place
from mapped
left join {{ ref('int_published_figure_notes') }} as notes on mapped.figure_id = notes.figure_id
