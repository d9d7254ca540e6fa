select
    submission_id,
    sheet,
    row_number,
    column_name,
    cell,
    rule_code,
    severity,
    quarantines_row,
    message_en,
    message_cy
from {{ source('lake', 'return_problems') }}
