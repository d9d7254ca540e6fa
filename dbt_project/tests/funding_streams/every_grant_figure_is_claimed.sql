-- No money that a document names is left out: every grant figure kept by hand, and every amount of the list of streams, is
-- a statement of an award.
select
    figures.figure_id as what,
    'a figure of money that no award claims' as problem
from {{ ref('published_figures') }} as figures
left join {{ ref('funding_awards') }} as awards on figures.figure_id = awards.award_key
where figures.unit = 'GBP' and figures.subject_area <> 'finance_outturn' and awards.award_key is null

union all

select
    claims.figure_id as what,
    'a claim whose figure is not there, or is not money' as problem
from {{ ref('funding_award_claims') }} as claims
left join {{ ref('funding_awards') }} as awards on claims.figure_id = awards.award_key
where awards.award_key is null

union all

select
    streams.stream_key as what,
    'an award of the list of streams that does not stand among the awards' as problem
from {{ ref('funding_streams') }} as streams
left join {{ ref('funding_awards') }} as awards
    on
        streams.stream_key = awards.stream_key
        and (streams.amount_gbp is null or streams.amount_gbp = awards.amount_gbp)
where
    streams.stream_type in ('grant', 'unhypothecated')
    and streams.document_key is not null
    and awards.award_key is null
