-- Spending in Wales on prevention and on acute services: level and share, by year.
select
    financial_year, spend_class, spend_class_en, spend_class_cy, amount_gbp, amount_gbp_status, share_pct,
    share_pct_status, definition_en, definition_cy, adds_to, known_from, source_key, is_synthetic
from funding_streams.prevention_and_acute
where area_code = 'W92000004'
order by spend_class, financial_year
