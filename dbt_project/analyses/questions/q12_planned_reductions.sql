-- Reductions that authorities planned, for Wales, by priority and year, and how many authorities gave a number.
select
    priority, financial_year, planned_reduction, planned_reduction_status, cumulative_planned_reduction,
    stated_reduction_pct, cumulative_reduction_pct, areas_with_number, areas_expected, known_from, source_key,
    is_synthetic
from outcomes.reduction_expectations
where area_code = 'W92000004' and is_headline
order by priority, financial_year
