-- Kinds of placement in Wales on 31 March 2019, and children away from their family (which overlaps the others).
select
    placement_type, placement_type_en, placement_type_cy, children, children_status, share_pct, share_pct_status,
    denominator, rounding_base, is_total, known_from, source_key, is_synthetic
from performance_measures.placement_mix
where area_code = 'W92000004' and snapshot_date = date '2019-03-31'
order by placement_type
