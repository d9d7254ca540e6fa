-- Spending in Wales in 2018-19 on all services for children and families, on children looked after, and within that.
select
    service_line, service_line_en, service_line_cy, amount_gbp, amount_gbp_status, share_of_children_services_pct,
    expenditure_basis, adds_to, rounding_base, known_from, source_key, is_synthetic
from funding_streams.social_services_outturn
where
    area_code = 'W92000004' and financial_year = '2018-19'
    and service_line in (
        'all_children_and_families', 'looked_after_total', 'looked_after_fostering', 'looked_after_residential',
        'looked_after_secure', 'leaving_care', 'other_children'
    )
order by amount_gbp desc
