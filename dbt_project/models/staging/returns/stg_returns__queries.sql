select
    query_id,
    submission_id,
    sheet,
    cell,
    kind,
    {{ adapter.quote('at') }} as asked_at,
    text_en,
    text_cy
from {{ source('lake', 'return_queries') }}
