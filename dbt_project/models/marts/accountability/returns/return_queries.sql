-- Grain: query_id × kind × asked_at. What was asked about a cell of a submission, and what was answered.
select
    queries.query_id,
    queries.kind,
    queries.asked_at,
    queries.submission_id,
    submissions.return_key,
    submissions.area_code,
    areas.area_name_en,
    areas.area_name_cy,
    submissions.period_key,
    queries.sheet,
    queries.cell,
    queries.text_en,
    queries.text_cy,
    max(case when queries.kind = 'reply' then 1 else 0 end) over (partition by queries.query_id) = 1 as is_answered,
    'return_' || submissions.return_key as source_key,
    queries.asked_at as loaded_at,
    'official' as audience,
    queries.asked_at as release_at,
    submissions.is_synthetic
from {{ ref('stg_returns__queries') }} as queries
inner join {{ ref('stg_returns__submissions') }} as submissions on queries.submission_id = submissions.submission_id
left join {{ ref('dim_area') }} as areas on submissions.area_code = areas.area_code and areas.is_last_version
