-- Grain: submission_id × sheet × row_number × column_name. What stood in the cells of quarantined rows. Nothing of a
-- submission that appears to carry personal data.
select
    cells.submission_id,
    submissions.return_key,
    submissions.area_code,
    submissions.period_key,
    submissions.received_at,
    submissions.original_name,
    cells.sheet,
    cells.row_number,
    cells.column_name,
    cells.cell,
    coalesce(cells.value_found, cells.value) as value_found,
    cells.value as value_text,
    'return_' || submissions.return_key as source_key,
    'restricted' as audience,
    submissions.landed_sha256,
    submissions.is_synthetic
from {{ ref('stg_returns__quarantined_cells') }} as cells
inner join {{ ref('stg_returns__submissions') }} as submissions on cells.submission_id = submissions.submission_id
where not coalesce(submissions.has_personal_data, false)
