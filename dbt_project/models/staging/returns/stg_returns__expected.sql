select
    return_key,
    area_code,
    period_key,
    period_start,
    period_end,
    is_required,
    is_collected,
    original_due_date,
    extended_due_date,
    closes_on,
    release_at,
    recalled_at
from {{ source('lake', 'expected_returns') }}
