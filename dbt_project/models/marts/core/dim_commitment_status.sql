select
    commitment_status,
    label_en,
    label_cy,
    description_en,
    description_cy,
    says_how_it_stands
from {{ ref('commitment_statuses') }}
