-- Grain: area × snapshot_date × gender × age_group. As one statistical source publishes them, its latest vintage: groups
-- nest (`adds_to`), and one that is published keeps its figure whatever its parts are.
-- A whole that the source does not print (StatsWales prints both genders together at all ages only) is the sum of its
-- published parts: see `unpublished_wholes`.
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
),

chosen as (
    select
        grouped.source_key,
        grouped.area_code,
        grouped.period_end,
        grouped.measure_version_key,
        grouped.gender,
        grouped.age_group,
        grouped.breakdown,
        cast(round(grouped.value, 0) as bigint) as children,
        grouped.value_status,
        grouped.revision_status,
        grouped.note_codes,
        grouped.known_from,
        grouped.known_to,
        grouped.loaded_at,
        grouped.is_synthetic,
        grouped.load_id,
        grouped.landed_sha256,
        cast(grouped.source_row as bigint) as source_row,
        'published' as basis
    from grouped
    inner join sources
        on
            grouped.source_key = sources.source_key
            and grouped.area_code = sources.area_code
            and grouped.period_end = sources.period_end
            and sources.choice = 1
),

-- both genders together come first, so that all ages of them can be the sum of what that gives
with_both_genders as (
    select * from chosen

    union all

    {{ unpublished_wholes('chosen', of='gender', within='age_group', members=['female', 'male']) }}
),

with_all_ages as (
    select * from with_both_genders

    union all

    {{ unpublished_wholes('with_both_genders', of='age_group', within='gender', members=[
        'under_1', '1_to_4', '5_to_9', '10_to_15', '16_to_17', '18_and_over'
    ]) }}
),

authorities_expected as (
    select
        dates.period_end,
        count(*) as areas_expected
    from (select distinct period_end from chosen) as dates
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_type = 'local_authority'
            and dates.period_end >= areas.applies_from
            and dates.period_end < areas.applies_to
    group by dates.period_end
)

select
    areas.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    measures.measure_version_key,
    cells.period_end as snapshot_date,
    cells.source_key,
    measures.series_id,
    cells.gender,
    cells.age_group,
    cells.breakdown,
    cells.children,
    cells.value_status,
    cells.gender = 'all' or cells.age_group = 'all' as is_total,
    case
        when cells.age_group <> 'all' and cells.gender <> 'all' then 'gender=' || cells.gender
        when cells.age_group <> 'all' or cells.gender <> 'all' then 'all'
    end as adds_to,
    case when areas.area_type <> 'country' then 'W92000004' end as area_adds_to,
    case when cells.gender = 'all' or cells.age_group = 'all' then cells.basis end as total_basis,
    case
        when
            areas.area_type = 'country'
            and max(case when areas.area_type = 'local_authority' then 1 else 0 end) over of_one_group = 1
            then cast(
                sum(
                    case when areas.area_type = 'local_authority' and cells.children is not null then 1 else 0 end
                ) over of_one_group as bigint
            )
    end as areas_reporting,
    case when areas.area_type = 'country' then cast(authorities_expected.areas_expected as bigint) end
        as areas_expected,
    measures.population_definition_en,
    measures.population_definition_cy,
    cells.revision_status,
    cells.note_codes,
    cells.known_from,
    cells.known_to,
    cells.loaded_at,
    'public' as audience,
    cells.known_from as release_at,
    cells.is_synthetic,
    cells.load_id,
    cells.landed_sha256,
    cells.source_row
from with_all_ages as cells
inner join {{ ref('int_area_versions') }} as areas
    on
        cells.area_code = areas.area_code
        and cells.period_end >= areas.applies_from
        and cells.period_end < areas.applies_to
inner join {{ ref('int_measure_versions') }} as measures
    on cells.measure_version_key = measures.measure_version_key
left join authorities_expected on cells.period_end = authorities_expected.period_end
window of_one_group as (
    partition by cells.source_key, cells.period_end, cells.gender, cells.age_group
)
