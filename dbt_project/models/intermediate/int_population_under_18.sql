-- One row the population aged under 18 of an area at a mid-year, for as long as a source gave it: the sum of ages 0 to
-- 17, for all persons where the source has them, else males and females. All 18 ages or no value.
-- Wales is the source's own row, else the sum over every local authority.
with
wanted as (
    {% for sex, suffix in (('all', ''), ('male', '; sex=male'), ('female', '; sex=female')) %}
        select
            'age=' || cast(n as {{ dbt.type_string() }}) || '{{ suffix }}' as breakdown,
            '{{ sex }}' as sex
        from {{ numbers(0, 17) }} as ages
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

cells as (
    select
        observations.source_key,
        observations.area_code,
        observations.period_end as reference_date,
        wanted.sex,
        observations.value,
        observations.value_status,
        observations.known_from,
        observations.known_to,
        observations.is_synthetic
    from {{ ref('int_observation_intervals') }} as observations
    inner join wanted on observations.breakdown = wanted.breakdown
    where observations.measure_key = 'population' and observations.period_kind = 'mid_year'
),

moments as (
    select
        source_key,
        reference_date,
        known_from as moment
    from cells
    union
    select
        source_key,
        reference_date,
        known_to as moment
    from cells
    where known_to is not null
),

by_sex as (
    select
        moments.source_key,
        moments.reference_date,
        moments.moment,
        cells.area_code,
        cells.sex,
        sum(cells.value) as population,
        sum(case when cells.value_status in ('reported', 'derived') then 1 else 0 end) as ages,
        max(case when cells.value_status = 'suppressed' then 1 else 0 end) as suppressed,
        max(case when cells.is_synthetic then 1 else 0 end) as is_synthetic
    from moments
    inner join cells
        on
            moments.source_key = cells.source_key
            and moments.reference_date = cells.reference_date
            and moments.moment >= cells.known_from
            and (cells.known_to is null or moments.moment < cells.known_to)
    group by moments.source_key, moments.reference_date, moments.moment, cells.area_code, cells.sex
),

by_area as (
    select
        source_key,
        reference_date,
        moment,
        area_code,
        case
            when max(case when sex = 'all' then ages end) = 18 then max(case when sex = 'all' then population end)
            when max(case when sex = 'male' then ages end) = 18 and max(case when sex = 'female' then ages end) = 18
                then max(case when sex = 'male' then population end) + max(case when sex = 'female' then population end)
        end as population,
        max(suppressed) as suppressed,
        max(is_synthetic) as is_synthetic
    from by_sex
    group by source_key, reference_date, moment, area_code
),

expected as (
    select
        moments.reference_date,
        count(distinct areas.area_code) as areas_expected
    from (select distinct reference_date from moments) as moments
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_type = 'local_authority'
            and moments.reference_date >= areas.applies_from
            and moments.reference_date < areas.applies_to
    group by moments.reference_date
),

wales as (
    select
        by_area.source_key,
        by_area.reference_date,
        by_area.moment,
        'W92000004' as area_code,
        case when count(by_area.population) = max(expected.areas_expected) then sum(by_area.population) end
            as population,
        max(by_area.suppressed) as suppressed,
        max(by_area.is_synthetic) as is_synthetic
    from by_area
    inner join expected on by_area.reference_date = expected.reference_date
    inner join {{ ref('int_area_versions') }} as areas
        on
            by_area.area_code = areas.area_code
            and areas.area_type = 'local_authority'
            and by_area.reference_date >= areas.applies_from
            and by_area.reference_date < areas.applies_to
    where
        not exists (
            select 1 from by_area as own
            where
                own.source_key = by_area.source_key and own.reference_date = by_area.reference_date
                and own.moment = by_area.moment and own.area_code = 'W92000004'
        )
    group by by_area.source_key, by_area.reference_date, by_area.moment
),

states as (
    select
        *,
        'published' as total_basis
    from by_area
    union all
    select
        *,
        'sum' as total_basis
    from wales
),

-- at every moment of the source an area has a state, if only that it has none: so a row that disappears ends one
every_moment as (
    select
        moments.source_key,
        moments.reference_date,
        moments.moment,
        areas.area_code,
        cast(round(states.population, 0) as bigint) as population,
        case
            when states.area_code is null then null
            when states.population is not null then 'derived'
            when states.suppressed = 1 then 'suppressed'
            else 'not_available'
        end as population_status,
        states.is_synthetic = 1 as is_synthetic,
        states.total_basis
    from moments
    inner join (select distinct
        source_key,
        reference_date,
        area_code
    from states) as areas
        on moments.source_key = areas.source_key and moments.reference_date = areas.reference_date
    left join states
        on
            moments.source_key = states.source_key
            and moments.reference_date = states.reference_date
            and moments.moment = states.moment
            and areas.area_code = states.area_code
),

marked as (
    select
        *,
        {{ content_key(['population', 'population_status', 'is_synthetic', 'total_basis']) }} as content,
        lag({{ content_key(['population', 'population_status', 'is_synthetic', 'total_basis']) }}) over (
            partition by source_key, reference_date, area_code order by moment
        ) as content_before
    from every_moment
),

changes as (
    select
        *,
        lead(moment) over (partition by source_key, reference_date, area_code order by moment) as next_change
    from marked
    where content_before is null or content <> content_before
)

select
    source_key,
    area_code,
    reference_date,
    population,
    population_status,
    is_synthetic,
    total_basis,
    moment as known_from,
    next_change as known_to
from changes
where population_status is not null
