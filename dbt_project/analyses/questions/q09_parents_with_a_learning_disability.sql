-- Planned reductions of children removed from parents with a learning disability, and how many authorities gave one.
select
    financial_year, planned_reduction, planned_reduction_status, cumulative_planned_reduction, areas_with_number,
    areas_with_number_status, areas_expected, actual_stock_status, known_from, source_key, is_synthetic
from outcomes.reduction_expectations
where priority = 'parents_learning_disability' and area_code = 'W92000004' and is_headline
order by financial_year
