-- For Wales only: where the plans would have put the number of children in care each March, and where it was.
select
    financial_year, baseline_stock, cumulative_planned_reduction, expected_stock, expected_stock_status, actual_stock,
    actual_stock_status, re_registrations, re_registrations_status, returns_to_care, returns_to_care_status,
    placed_with_parents, placed_with_parents_status, is_advisory, known_from, source_key, is_synthetic
from outcomes.reduction_expectations
where priority = 'in_care' and area_code = 'W92000004' and is_headline
order by financial_year
