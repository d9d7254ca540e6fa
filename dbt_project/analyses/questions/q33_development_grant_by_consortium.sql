-- The development grant for care-experienced pupils by consortium: budget and spending to the end of the year.
select
    financial_year, area_name_en, area_name_cy, sum(budget_gbp) as budget_gbp, sum(spend_to_date_gbp) as spent_gbp,
    min(known_from) as known_from, max(is_synthetic) as is_synthetic
from funding_streams.grant_spend
where stream_key = 'pdg_lac' and period_key like '% Q4' and counts_towards_total
group by financial_year, area_name_en, area_name_cy
order by financial_year, area_name_en
