-- Grain: area × snapshot_date × gender × age_group. As one statistical source publishes them, its latest vintage:
-- groups nest (`adds_to`) and are not summed here, so that a group with a suppressed member keeps what was published.
with
cells as (
    select
        observations.*,
        coalesce({{ breakdown_member('observations.breakdown', 'gender') }}, 'all') as gender,
        coalesce({{ breakdown_member('observations.breakdown', 'age_group') }}, 'all') as age_group
    from {{ ref('int_observation_intervals') }} as observations
    where
        observations.measure_key = 'children_looked_after'
        and observations.period_kind = 'financial_year_end'
        and observations.is_latest
),

grouped as (  -- other breakdowns of the same measure are other tables
    select *
    from cells
    where breakdown in (
        'all',
        'age_group=' || age_group,
        'gender=' || gender,
        'age_group=' || age_group || '; gender=' || gender
    )
),

sources as (
    select
        source_key,
        area_code,
        period_end,
        row_number() over (
            partition by area_code, period_end
            order by
                case when count(*) > 1 then 0 else 1 end,
                min(case when is_synthetic then 1 else 0 end),
                max(known_from) desc,
                source_key
        ) as choice
    from grouped
    group by source_key, area_code, period_end
)

select
    areas.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    measures.measure_version_key,
    grouped.period_end as snapshot_date,
    grouped.source_key,
    measures.series_id,
    grouped.gender,
    grouped.age_group,
    grouped.breakdown,
    cast(round(grouped.value, 0) as bigint) as children,
    grouped.value_status,
    grouped.gender = 'all' or grouped.age_group = 'all' as is_total,
    case
        when grouped.age_group <> 'all' and grouped.gender <> 'all' then 'gender=' || grouped.gender
        when grouped.age_group <> 'all' or grouped.gender <> 'all' then 'all'
    end as adds_to,
    measures.population_definition_en,
    measures.population_definition_cy,
    grouped.revision_status,
    grouped.note_codes,
    grouped.known_from,
    grouped.known_to,
    grouped.loaded_at,
    'public' as audience,
    grouped.known_from as release_at,
    grouped.is_synthetic,
    grouped.load_id,
    grouped.landed_sha256,
    cast(grouped.source_row as bigint) as source_row
from grouped
inner join sources
    on
        grouped.source_key = sources.source_key
        and grouped.area_code = sources.area_code
        and grouped.period_end = sources.period_end
        and sources.choice = 1
inner join {{ ref('int_area_versions') }} as areas
    on
        grouped.area_code = areas.area_code
        and grouped.period_end >= areas.applies_from
        and grouped.period_end < areas.applies_to
inner join {{ ref('int_measure_versions') }} as measures
    on grouped.measure_version_key = measures.measure_version_key
