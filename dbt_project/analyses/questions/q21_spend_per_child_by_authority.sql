-- Spending per child looked after in 2018-19 by authority, in the order of their names, with outcomes in the same row.
select
    area_name_en, area_name_cy, spend_per_child_gbp, spend_per_child_gbp_status, small_number_flag,
    three_or_more_placements_pct, three_or_more_placements_pct_status, out_of_county_in_wales_pct,
    out_of_county_in_wales_pct_status, care_leavers_eet_12m_pct, care_leavers_eet_12m_pct_status, known_from,
    source_key, is_synthetic
from funding_streams.spend_per_child
where financial_year = '2018-19' and denominator_basis = 'closing_stock' and area_code <> 'W92000004'
order by area_name_en
