-- Children looked after in Wales on 31 March 2019, and the change on the year: the figure to quote.
select
    snapshot_date, children, children_status, change_n, change_pct, rate_per_10000, rate_change, revision_status,
    rounding_base, known_from, source_key, is_synthetic
from performance_measures.children_looked_after
where area_code = 'W92000004' and snapshot_date = date '2019-03-31' and is_headline
