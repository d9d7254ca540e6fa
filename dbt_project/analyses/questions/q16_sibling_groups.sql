-- What part of the year's change one sibling group made in each authority, and where numbers are too small to say.
select
    financial_year, area_name_en, area_name_cy, change_n, change_n_status, largest_sibling_group_n,
    largest_sibling_group_n_status, share_of_change_pct, share_of_change_pct_status, small_number_flag, known_from,
    source_key, is_synthetic
from performance_measures.sibling_effect
where financial_year = '2018-19' and not is_total
order by area_name_en
