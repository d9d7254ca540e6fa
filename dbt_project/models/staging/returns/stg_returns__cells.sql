select
    submission_id,
    sheet,
    row_number,
    column_name,
    cell,
    value,
    value_status,
    value_found
from {{ source('lake', 'return_cells') }}
