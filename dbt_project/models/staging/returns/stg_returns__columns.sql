select
    return_key,
    template_version,
    sheet,
    feed,
    column_name,
    role,
    type,
    unit,
    heading_en,
    heading_cy,
    position,
    is_grain,
    is_disclosive,
    adds_to,
    sums_to,
    constant
from {{ source('lake', 'return_columns') }}
