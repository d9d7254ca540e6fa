select
    revision_status,
    label_en,
    label_cy,
    description_en,
    description_cy
from {{ ref('revision_statuses') }}
