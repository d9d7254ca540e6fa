select
    return_key,
    template_version,
    sheet,
    column_name,
    choice_key,
    label_en,
    label_cy
from {{ source('lake', 'return_choices') }}
