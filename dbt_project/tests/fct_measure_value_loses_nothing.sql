-- Every interval is a fact, once: joins to the versions of areas and measures neither drop a row nor multiply one.
select *
from (
    select
        (select count(*) from {{ ref('int_observation_intervals') }}) as intervals,
        (select count(*) from {{ ref('fct_measure_value') }}) as facts
) as counted
where intervals <> facts
