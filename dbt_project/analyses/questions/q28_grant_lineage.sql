-- Which old grants went into the Children and Communities Grant and which into the Housing Support Grant, and when.
select
    successor_key, successor_name_en, successor_name_cy, predecessor_key, predecessor_name_en, predecessor_name_cy,
    effective_date, relationship, money_visible_after, source_key, source_line, known_from
from funding_streams.funding_lineage
where successor_key in ('ccg', 'hsg') and relationship = 'merged_into'
order by successor_key, predecessor_key
