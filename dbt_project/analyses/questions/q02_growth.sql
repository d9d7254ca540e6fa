-- Children looked after in Wales on each 31 March from 2015 to 2019, in one source, and the growth since the first.
select
    snapshot_date, children, children_status,
    100.0 * (children - first_value(children) over (order by snapshot_date))
    / first_value(children) over (order by snapshot_date) as growth_pct,
    series_id, revision_status, rounding_base, known_from, source_key, is_synthetic
from performance_measures.children_looked_after
where
    area_code = 'W92000004' and snapshot_date between date '2015-03-31' and date '2019-03-31'
    and source_key = 'children_looked_after_gender_age'
order by snapshot_date
