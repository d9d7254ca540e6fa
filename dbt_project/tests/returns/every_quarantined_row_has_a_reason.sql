-- Of every submission as many rows stand in quarantine with a reason as were quarantined, but where nothing of it is read.
with reasons as (
    select
        submission_id,
        count(distinct sheet || '|' || cast(row_number as {{ dbt.type_string() }})) as rows_with_reason
    from {{ ref('quarantined_rows') }}
    where submission_id is not null
    group by submission_id
)

select
    quality.submission_id,
    quality.rows_quarantined,
    reasons.rows_with_reason
from {{ ref('return_quality') }} as quality
left join reasons on quality.submission_id = reasons.submission_id
where
    quality.rows_quarantined > 0
    and (
        reasons.submission_id is null
        or (reasons.rows_with_reason > 0 and reasons.rows_with_reason <> quality.rows_quarantined)
    )
