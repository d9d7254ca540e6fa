-- Children who started and who left care in Wales each year, and the change on the year before.
select
    financial_year, starts, starts_status, starts_change_pct, starts_change_pct_status, leavers, leavers_status,
    leavers_change_pct, leavers_change_pct_status, leavers_basis, net_flow, stock_change, unexplained_residual,
    revision_status, known_from, source_key, is_synthetic
from performance_measures.children_looked_after_flows
where area_code = 'W92000004'
order by financial_year
