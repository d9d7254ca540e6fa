-- Spending per child looked after in Wales each year, over the number in March and over the mean of two Marches.
select
    financial_year, denominator_basis, looked_after_spend_gbp, expenditure_basis, children, spend_per_child_gbp,
    spend_per_child_gbp_status, three_or_more_placements_pct, three_or_more_placements_pct_status,
    out_of_county_in_wales_pct, out_of_county_in_wales_pct_status, care_leavers_eet_12m_pct,
    care_leavers_eet_12m_pct_status, children_rounding_base, known_from, source_key, is_synthetic
from funding_streams.spend_per_child
where area_code = 'W92000004'
order by denominator_basis, financial_year
