-- Grain: return_key × stream_key × area_code × project_key × period_key × outcome_measure. Latest accepted submission.
with
latest as (
    select * from {{ ref('int_return_submissions') }}
    where is_public and known_to is null
),

answers as (
    {{ areas_of_returns('latest') }}
),

rows_of_projects as (
    select
        cells.submission_id,
        cells.sheet,
        cells.row_number,
        {{ role_text('stream_key') }} as stream_key,
        {{ role_text('project_key') }} as project_key,
        {{ role_text('project_name') }} as project_name,
        {{ role_text('project_name_en') }} as project_name_en,
        {{ role_text('project_name_cy') }} as project_name_cy,
        {{ role_text('outcome_measure') }} as outcome_measure,
        {{ role_text('measured_in') }} as measured_in,
        {{ role_sum('outcome_value', 'value_number', 'double') }} as outcome_value,
        {{ role_status('outcome_value', 'value_number') }} as outcome_value_status,
        coalesce({{ role_text('narrative_original') }}, {{ role_text('narrative') }}) as narrative_original,
        coalesce({{ role_text('original_language') }}, {{ role_text('narrative_language') }}) as narrative_language,
        {{ role_text('narrative_en') }} as narrative_en,
        {{ role_text('narrative_cy') }} as narrative_cy
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'grant_projects'
    group by cells.submission_id, cells.sheet, cells.row_number
),

worded as (
    select
        projects.*,
        submissions.return_key,
        submissions.source_key,
        submissions.area_code,
        submissions.area_version_key,
        submissions.area_name_en,
        submissions.area_name_cy,
        submissions.period_key,
        submissions.period_start,
        submissions.period_end,
        submissions.submission_version,
        submissions.received_at,
        submissions.accepted_at,
        submissions.public_from,
        submissions.public_to,
        submissions.audience,
        submissions.release_at,
        submissions.is_synthetic,
        case
            when projects.narrative_original is not null
                then coalesce(projects.narrative_language, submissions.language, 'en')
        end as original_language
    from rows_of_projects as projects
    inner join latest as submissions on projects.submission_id = submissions.submission_id
    where projects.project_key is not null
)

select
    worded.return_key,
    worded.stream_key,
    streams.name_en as stream_name_en,
    streams.name_cy as stream_name_cy,
    worded.area_code,
    worded.area_version_key,
    worded.area_name_en,
    worded.area_name_cy,
    worded.project_key,
    -- a name is given in the language in which the project has one
    coalesce(worded.project_name_en, worded.project_name, worded.project_name_cy) as project_name_en,
    coalesce(worded.project_name_cy, worded.project_name, worded.project_name_en) as project_name_cy,
    worded.period_key,
    worded.period_start,
    worded.period_end,
    coalesce(worded.outcome_measure, 'narrative') as outcome_measure,
    worded.measured_in as unit,
    worded.outcome_value,
    worded.outcome_value_status,
    worded.narrative_original,
    worded.original_language,
    case when worded.original_language = 'en' then worded.narrative_original else worded.narrative_en end as narrative_en,
    case when worded.original_language = 'cy' then worded.narrative_original else worded.narrative_cy end as narrative_cy,
    case
        when worded.narrative_original is null then 'not_needed'
        when worded.original_language = 'en' and worded.narrative_cy is not null then 'translated'
        when worded.original_language = 'cy' and worded.narrative_en is not null then 'translated'
        else 'not_translated'
    end as translation_status,
    worded.submission_id,
    worded.submission_version,
    worded.received_at as submitted_at,
    false as is_total,
    cast(null as {{ dbt.type_string() }}) as adds_to,
    cast(null as {{ dbt.type_string() }}) as total_basis,
    -- who is missing from a sum over the areas of a period: they have no row here
    answers.areas_reporting,
    answers.areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    worded.source_key || '.' || coalesce(worded.outcome_measure, 'narrative') as series_id,
    worded.source_key,
    worded.public_from as known_from,
    worded.public_to as known_to,
    worded.accepted_at as loaded_at,
    worded.audience,
    worded.release_at,
    worded.is_synthetic
from worded
left join answers on worded.return_key = answers.return_key and worded.period_key = answers.period_key
left join {{ ref('funding_streams') }} as streams on worded.stream_key = streams.stream_key
