-- Rates on 31 March 2019 of every authority, in the order of their names, beside deprivation. No rank.
select
    children.area_name_en, children.area_name_cy, children.rate_per_10000, children.rate_per_10000_status,
    children.three_year_rate, children.control_limit_low, children.control_limit_high, children.small_number_flag,
    context.deprivation_share_pct, context.deprivation_share_pct_status, context.free_school_meals_pct,
    context.free_school_meals_pct_status, children.known_from, children.source_key, children.is_synthetic
from performance_measures.children_looked_after as children
left join performance_measures.area_context as context
    on children.area_code = context.area_code and children.snapshot_date = context.snapshot_date
where children.snapshot_date = date '2019-03-31' and children.is_headline
order by children.area_name_en
