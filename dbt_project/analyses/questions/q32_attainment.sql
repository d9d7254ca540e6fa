-- Attainment at 16 against its target, with distance travelled beside it.
select
    school_year, measure_key, measure_title_en, measure_title_cy, attainment_pct, attainment_pct_status, target_pct,
    gap_pp, gap_school_year, distance_travelled, distance_travelled_status, series_id, known_from, source_key,
    is_synthetic
from outcomes.education_outcomes
where area_code = 'W92000004' and measure_key = 'level_2_inclusive_looked_after'
order by school_year
