-- Grain: submission_id. What became of every submission: received rows = accepted + quarantined.
with
problems as (
    select
        submission_id,
        count(*) as problems
    from {{ ref('stg_returns__problems') }}
    group by submission_id
),

specs as (
    select
        return_key,
        template_version,
        title_en,
        title_cy
    from {{ ref('stg_returns__specs') }}
)

select
    submissions.submission_id,
    submissions.return_key,
    specs.title_en as return_title_en,
    specs.title_cy as return_title_cy,
    submissions.template_version,
    submissions.area_code,
    areas.area_name_en,
    areas.area_name_cy,
    submissions.period_key,
    submissions.submission_version,
    submissions.received_at,
    submissions.accepted_at,
    submissions.channel,
    submissions.submitted_by as submitted_by_area_code,
    submissions.certified_role,
    submissions.rows_received,
    submissions.rows_accepted,
    submissions.rows_quarantined,
    cast(coalesce(problems.problems, 0) as bigint) as problems,
    submissions.errors,
    submissions.warnings,
    submissions.outcome,
    outcomes.label_en as outcome_en,
    outcomes.label_cy as outcome_cy,
    submissions.closed_by,
    submissions.is_nil,
    submissions.has_personal_data,
    submissions.is_late_correction,
    submissions.known_from is not null and submissions.known_to is null as is_latest,
    submissions.known_from,
    submissions.known_to,
    submissions.received_at as loaded_at,
    'return_' || submissions.return_key as source_key,
    submissions.landed_sha256,
    'official' as audience,
    submissions.received_at as release_at,
    submissions.is_synthetic
from {{ ref('stg_returns__submissions') }} as submissions
left join problems on submissions.submission_id = problems.submission_id
left join specs
    on submissions.return_key = specs.return_key and submissions.template_version = specs.template_version
left join {{ ref('dim_area') }} as areas on submissions.area_code = areas.area_code and areas.is_last_version
left join {{ ref('return_statuses') }} as outcomes on submissions.outcome = outcomes.return_status
