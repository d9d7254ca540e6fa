-- What a week of placement cost in Wales, by who provides it and of what kind, and what came of it.
select
    financial_year, provider_type, provider_type_en, provider_type_cy, placement_type, placement_type_en,
    placement_type_cy, cost_per_week_gbp, cost_per_week_gbp_status, outcome_pct, outcome_pct_status, known_from,
    source_key, is_synthetic
from funding_streams.placement_costs
where area_code = 'W92000004'
order by financial_year, placement_type, provider_type
