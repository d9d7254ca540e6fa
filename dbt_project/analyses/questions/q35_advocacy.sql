-- Advocacy: children entitled to an active offer, offered one, and accepting, by region and quarter, and for Wales.
select
    period_key, area_name_en, area_name_cy, eligible, eligible_status, active_offers_made, active_offers_made_status,
    active_offers_accepted, active_offers_accepted_status, offer_rate_pct, offer_rate_pct_status, areas_reporting,
    areas_expected, known_from, source_key, is_synthetic
from outcomes.advocacy
where is_total
order by period_key, case when area_code = 'W92000004' then 1 else 0 end, area_name_en
