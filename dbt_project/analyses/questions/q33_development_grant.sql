-- What the development grant for care-experienced pupils was worth, as stated, and the change between statements.
select
    financial_year, stream_key, area_name_en, area_name_cy, is_recurrent, amount_gbp, amount_gbp_status,
    amount_qualifier, previous_financial_year, change_pct, change_pct_status, counts_towards_total, rounding_base,
    known_from, source_key, source_line, is_synthetic
from funding_streams.funding_awards
where stream_key like 'pdg_lac%' and is_quoted
order by financial_year
