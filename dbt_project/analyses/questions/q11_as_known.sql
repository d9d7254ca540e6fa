-- Children looked after in Wales on 31 March 2019, in every version that was the figure to quote, and for how long.
select
    children, children_status, change_n, rate_per_10000, revision_status, note_codes, rounding_base, is_first_release,
    known_from, known_to, source_key, is_synthetic
from performance_measures.children_looked_after_as_known
where area_code = 'W92000004' and snapshot_date = date '2019-03-31' and is_headline
order by known_from
