select
    return_key,
    template_version,
    from_period,
    title_en,
    title_cy,
    submitted_by,
    cadence,
    audience,
    certification,
    accept_in_part
from {{ source('lake', 'return_specs') }}
