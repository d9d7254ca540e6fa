-- Grain: code_list × code. What a code of a mart is called, where the mart has no label beside it and no table of its own
-- explains it.
select
    code_list,
    code,
    label_en,
    label_cy
from {{ ref('code_labels') }}
