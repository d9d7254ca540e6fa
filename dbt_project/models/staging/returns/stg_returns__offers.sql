select
    offer_id,
    stream_key,
    area_code,
    financial_year,
    project_key,
    capital_or_revenue,
    version,
    effective_from,
    original_budget_gbp,
    revised_budget_gbp,
    known_from
from {{ source('lake', 'return_offers') }}
