select
    value_status,
    label_en,
    label_cy,
    description_en,
    description_cy,
    has_value
from {{ ref('value_statuses') }}
