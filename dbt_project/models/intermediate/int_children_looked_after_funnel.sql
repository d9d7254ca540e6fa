-- The target, the dispersion and the between-area variance behind the control limits: one row for each source,
-- 31 March and set of counts and populations (`funnel_version`). The formulas are in macros/statistics.sql.
with
first_states as (
    select
        states.*,
        min(states.moment_no) over (partition by source_key, snapshot_date, funnel_version) as first_moment_no
    from {{ ref('int_children_looked_after_states') }} as states
),

wales as (
    select
        source_key,
        snapshot_date,
        funnel_version,
        cast(children as double) / population_under_18 as target_rate
    from first_states
    where
        moment_no = first_moment_no
        and area_code = 'W92000004'
        and children_status in ('reported', 'derived')
        and population_under_18 > 0
        and children > 0
),

authorities as (
    select
        states.source_key,
        states.snapshot_date,
        states.funnel_version,
        states.area_code,
        wales.target_rate,
        states.population_under_18 / wales.target_rate as weight,
        {{ funnel_z('states.children', 'states.population_under_18', 'wales.target_rate') }} as z
    from first_states as states
    inner join wales
        on
            states.source_key = wales.source_key
            and states.snapshot_date = wales.snapshot_date
            and states.funnel_version = wales.funnel_version
    where
        states.moment_no = states.first_moment_no
        and states.area_code <> 'W92000004'
        and states.children is not null
        and states.population_under_18 > 0
),

ranked as (
    select
        *,
        count(*) over (partition by source_key, snapshot_date, funnel_version) as k,
        row_number() over (partition by source_key, snapshot_date, funnel_version order by z, area_code) as z_rank
    from authorities
),

bounds as (
    select
        source_key,
        snapshot_date,
        funnel_version,
        max(case when z_rank = {{ winsorised_at_each_end('k') }} + 1 then z end) as z_low,
        max(case when z_rank = k - {{ winsorised_at_each_end('k') }} then z end) as z_high
    from ranked
    group by source_key, snapshot_date, funnel_version
),

dispersed as (
    select
        ranked.source_key,
        ranked.snapshot_date,
        ranked.funnel_version,
        max(ranked.target_rate) as target_rate,
        cast(count(*) as bigint) as areas,
        sum(power(greatest(bounds.z_low, least(bounds.z_high, ranked.z)), 2)) / count(*) as dispersion,
        sum(ranked.weight) as sum_w,
        sum(ranked.weight * ranked.weight) as sum_w2
    from ranked
    inner join bounds
        on
            ranked.source_key = bounds.source_key
            and ranked.snapshot_date = bounds.snapshot_date
            and ranked.funnel_version = bounds.funnel_version
    group by ranked.source_key, ranked.snapshot_date, ranked.funnel_version
)

select
    source_key,
    snapshot_date,
    funnel_version,
    areas,
    target_rate,
    dispersion,
    {{ between_area_variance('dispersion', 'areas', 'sum_w', 'sum_w2') }} as between_area_variance
from dispersed
-- fewer than ten authorities cannot say how widely authorities differ
where areas >= 10
