-- Placements out of county and out of Wales on each 31 March, Wales first, against the baseline.
select
    snapshot_date, area_name_en, area_name_cy, location, location_en, location_cy, children, children_status, share_pct,
    baseline_children, baseline_children_status, baseline_date, known_from, source_key, is_synthetic
from performance_measures.placement_location
where location in ('out_of_county_in_wales', 'out_of_wales')
order by case when area_code = 'W92000004' then 0 else 1 end, area_name_en, location, snapshot_date
