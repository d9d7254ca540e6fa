-- What the national approach to advocacy costs a year, as stated.
select
    financial_year, stream_key, stream_name_en, stream_name_cy, is_recurrent, amount_gbp, amount_gbp_status,
    amount_qualifier, counts_towards_total, known_from, source_key, source_line, is_synthetic
from funding_streams.funding_awards
where stream_key = 'nasa_550k' and is_quoted
order by financial_year
