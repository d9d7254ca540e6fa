select
    note_code,
    label_en,
    label_cy,
    value_status,
    revision_status
from {{ ref('note_codes') }}
