-- Grain: source_key × measure_key × area_code × period_key × breakdown × known_from. What a document's figure is held
-- against, for as long as it was known: statistics, what authorities return, and how many areas of a kind there are.
-- Never a document's figure. Children looked after in all have a history of their own (int_children_looked_after_history).
with
asked as (
    select distinct measure_key from {{ ref('int_document_figures') }}
    where measure_key is not null
),

rounding as (
    {{ rounding_of_datasets() }}
),

statistics as (
    select
        intervals.source_key,
        intervals.measure_key,
        measures.series_id,
        intervals.area_code,
        intervals.period_key,
        intervals.breakdown,
        intervals.value,
        intervals.value_status,
        cast(
            greatest(coalesce(rounding.rounding_base, measures.rounding_base, 1), coalesce(measures.scale, 1)) as double
        ) as rounding_base,
        not {{ has_code('intervals.note_codes', 'f') }} as is_quotable,
        intervals.known_from,
        intervals.known_to,
        intervals.is_synthetic
    from {{ ref('int_observation_intervals') }} as intervals
    inner join {{ ref('int_measure_versions') }} as measures
        on intervals.measure_version_key = measures.measure_version_key
    left join rounding on intervals.source_key = rounding.source_key
    where
        intervals.measure_key in (select asked.measure_key from asked)
        or intervals.measure_key = 'episodes_of_care_finishing'
),

-- children who left care: the statistic counts episodes that ended, of which those that another followed are no leaving
leavers as (
    select
        episodes.source_key,
        'children_leaving_care' as measure_key,
        'children_leaving_care' as series_id,
        episodes.area_code,
        episodes.period_key,
        'all' as breakdown,
        episodes.value - moves.value as value,
        case
            when episodes.value is not null and moves.value is not null then 'derived'
            when 'suppressed' in (episodes.value_status, moves.value_status) then 'suppressed'
            else 'not_available'
        end as value_status,
        2 * episodes.rounding_base as rounding_base,
        episodes.is_quotable and moves.is_quotable as is_quotable,
        greatest(episodes.known_from, moves.known_from) as known_from,
        case
            when episodes.known_to is null then moves.known_to
            when moves.known_to is null then episodes.known_to
            else least(episodes.known_to, moves.known_to)
        end as known_to,
        episodes.is_synthetic or moves.is_synthetic as is_synthetic
    from statistics as episodes
    inner join statistics as moves
        on
            episodes.source_key = moves.source_key
            and episodes.measure_key = moves.measure_key
            and episodes.area_code = moves.area_code
            and episodes.period_key = moves.period_key
            and moves.breakdown = 'reason=new_episode_begins'
            and (moves.known_to is null or episodes.known_from < moves.known_to)
            and (episodes.known_to is null or episodes.known_to > moves.known_from)
    where episodes.measure_key = 'episodes_of_care_finishing' and episodes.breakdown = 'all'
),

plans as (
    select
        source_key,
        'planned_reduction' as measure_key,
        'planned_reduction' as series_id,
        area_code,
        coalesce({{ extract('subject', 'financial_year=([^;]+)', 1) }}, {{ financial_year('period_end') }}) as period_key,
        'priority=' || {{ extract('subject', 'priority=([^;]+)', 1) }} as breakdown,
        value_number as value,
        value_status,
        cast(rounding_base as double) as rounding_base,
        true as is_quotable,
        known_from,
        known_to,
        is_synthetic,
        row_number() over (
            partition by
                source_key, area_code, subject,
                coalesce({{ extract('subject', 'financial_year=([^;]+)', 1) }}, {{ financial_year('period_end') }})
            order by period_end desc
        ) as recency
    from {{ ref('int_return_area_sums') }}
    where feed = 'reduction_plan' and role = 'planned_reduction' and level = 'country' and audience = 'public'
),

counted as (  -- how many areas of a kind there are on each day that a figure asks about
    select
        'areas' as source_key,
        asked_days.measure_key,
        asked_days.measure_key as series_id,
        asked_days.area_code,
        asked_days.period_key,
        asked_days.breakdown,
        cast(count(distinct areas.area_code) as double) as value
    from (
        select distinct
            measure_key,
            area_code,
            period_key,
            period_end,
            breakdown
        from {{ ref('int_document_figures') }}
        where measure_key = 'areas'
    ) as asked_days
    inner join {{ ref('areas') }} as areas
        on
            asked_days.breakdown = 'area_type=' || areas.area_type
            and asked_days.period_end >= areas.valid_from
            and (areas.valid_to is null or asked_days.period_end < areas.valid_to)
    group by
        asked_days.measure_key, asked_days.area_code, asked_days.period_key, asked_days.breakdown
)

select
    statistics.*,
    cast(statistics.known_from as date) as release_date
from statistics
inner join asked on statistics.measure_key = asked.measure_key
union all
select
    leavers.*,
    cast(leavers.known_from as date) as release_date
from leavers
inner join asked on leavers.measure_key = asked.measure_key
union all
select
    source_key,
    measure_key,
    series_id,
    area_code,
    period_key,
    breakdown,
    value,
    value_status,
    rounding_base,
    is_quotable,
    known_from,
    known_to,
    is_synthetic,
    cast(known_from as date) as release_date
from plans
where recency = 1
union all
select
    source_key,
    measure_key,
    series_id,
    area_code,
    period_key,
    breakdown,
    value,
    'reported' as value_status,
    cast(1 as double) as rounding_base,
    true as is_quotable,
    cast(null as timestamp) as known_from,
    cast(null as timestamp) as known_to,
    false as is_synthetic,
    cast(null as date) as release_date
from counted
