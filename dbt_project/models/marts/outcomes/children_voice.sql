-- Grain: survey_key × age_band × question_key × area_code. A survey is one of one period: `survey_series_key` holds together
-- those that ask the same. Of returns the latest accepted submission; and what documents give of surveys.
with
answers as (
    select
        cells.submission_id,
        cells.sheet,
        cells.row_number,
        {{ role_text('survey_key') }} as survey_series_key,
        coalesce({{ role_text('age_band') }}, 'all') as age_band,
        {{ role_text('question_key') }} as question_key,
        {{ role_text('question_en') }} as question_en,
        {{ role_text('question_cy') }} as question_cy,
        {{ role_text('coverage_en') }} as asked_en,
        {{ role_text('coverage_cy') }} as asked_cy,
        {{ role_sum('responses', 'value_number', 'bigint') }} as responses,
        {{ role_status('responses', 'value_number') }} as responses_status,
        {{ role_sum('response_pct', 'value_number', 'double') }} as response_pct,
        {{ role_status('response_pct', 'value_number') }} as response_pct_status
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'children_voice'
    group by cells.submission_id, cells.sheet, cells.row_number
),

covered as (
    -- who was asked is told in free words; what covers all of Wales is of Wales, and needs no words for which areas
    select
        submission_id,
        sheet,
        row_number,
        survey_series_key,
        age_band,
        question_key,
        question_en,
        question_cy,
        responses,
        responses_status,
        response_pct,
        response_pct_status,
        case when not {{ says_all_of_wales('asked_en', 'asked_cy') }} then coalesce(asked_en, asked_cy) end as coverage_en,
        case when not {{ says_all_of_wales('asked_en', 'asked_cy') }} then coalesce(asked_cy, asked_en) end as coverage_cy
    from answers
),

labels as (
    select
        columns.role,
        choices.return_key,
        choices.choice_key,
        max(choices.label_en) as label_en,
        max(choices.label_cy) as label_cy
    from {{ ref('stg_returns__choices') }} as choices
    inner join {{ ref('stg_returns__columns') }} as columns
        on
            choices.return_key = columns.return_key
            and choices.template_version = columns.template_version
            and choices.sheet = columns.sheet
            and choices.column_name = columns.column_name
    where columns.role in ('question_key', 'age_band')
    group by columns.role, choices.return_key, choices.choice_key
),

returned as (
    select
        submissions.return_key,
        coalesce(covered.survey_series_key, submissions.return_key) || '@' || submissions.period_key as survey_key,
        coalesce(covered.survey_series_key, submissions.return_key) as survey_series_key,
        -- a survey of some authorities is not one of Wales
        case when submissions.area_type <> 'country' or covered.coverage_en is null then submissions.area_code end
            as area_code,
        case when submissions.area_type <> 'country' or covered.coverage_en is null then submissions.area_version_key end
            as area_version_key,
        case
            when submissions.area_type <> 'country' or covered.coverage_en is null then submissions.area_name_en
            else covered.coverage_en
        end as area_name_en,
        case
            when submissions.area_type <> 'country' or covered.coverage_en is null then submissions.area_name_cy
            else covered.coverage_cy
        end as area_name_cy,
        submissions.period_key,
        submissions.period_start,
        submissions.period_end,
        covered.age_band,
        coalesce(ages.label_en, covered.age_band) as age_band_en,
        coalesce(ages.label_cy, covered.age_band) as age_band_cy,
        covered.question_key,
        coalesce(covered.question_en, questions.label_en) as question_en,
        coalesce(covered.question_cy, questions.label_cy) as question_cy,
        covered.response_pct,
        covered.response_pct_status,
        covered.responses,
        covered.responses_status,
        covered.coverage_en,
        covered.coverage_cy,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        case when covered.responses is not null then 'return' end as responses_basis,
        cast(null as {{ dbt.type_string() }}) as note_en,
        cast(null as {{ dbt.type_string() }}) as note_cy,
        submissions.submission_id,
        submissions.submission_version,
        covered.age_band = 'all' as is_total,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        case when covered.age_band = 'all' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        submissions.source_key || '.' || covered.question_key as series_id,
        submissions.source_key,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        submissions.public_from as known_from,
        submissions.public_to as known_to,
        submissions.accepted_at as loaded_at,
        submissions.audience,
        submissions.release_at,
        submissions.is_synthetic
    from covered
    inner join {{ ref('int_return_submissions') }} as submissions on covered.submission_id = submissions.submission_id
    left join labels as ages
        on ages.role = 'age_band' and submissions.return_key = ages.return_key and covered.age_band = ages.choice_key
    left join labels as questions
        on
            questions.role = 'question_key'
            and submissions.return_key = questions.return_key
            and covered.question_key = questions.choice_key
    where submissions.is_public and submissions.known_to is null and covered.question_key is not null
),

stated as (
    select
        cast(null as {{ dbt.type_string() }}) as return_key,
        asked.survey_key,
        asked.survey_series_key,
        -- a survey of some authorities is not one of Wales
        case when asked.coverage_en is null then areas.area_code end as area_code,
        case when asked.coverage_en is null then areas.area_version_key end as area_version_key,
        coalesce(asked.coverage_en, areas.area_name_en) as area_name_en,
        coalesce(asked.coverage_cy, areas.area_name_cy) as area_name_cy,
        asked.period_key,
        asked.period_start,
        asked.period_end,
        asked.age_band,
        asked.age_band_en,
        asked.age_band_cy,
        asked.question_key,
        asked.question_en,
        asked.question_cy,
        case when asked.fills = 'response_pct' then figures.value end as response_pct,
        case when asked.fills = 'response_pct' then 'reported' else 'not_applicable' end as response_pct_status,
        cast(coalesce(took_part.value, asked.responses) as bigint) as responses,
        case when coalesce(took_part.value, asked.responses) is null then 'not_available' else 'reported' end
            as responses_status,
        asked.coverage_en,
        asked.coverage_cy,
        case when figures.qualifier <> 'exact' then figures.qualifier end as qualifier,
        case when coalesce(took_part.value, asked.responses) is not null then asked.responses_basis end as responses_basis,
        notes.note_en,
        notes.note_cy,
        cast(null as {{ dbt.type_string() }}) as submission_id,
        cast(null as bigint) as submission_version,
        asked.age_band = 'all' as is_total,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        case when asked.age_band = 'all' then 'published' end as total_basis,
        cast(surveyed.value as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        asked.survey_series_key || '.' || asked.question_key as series_id,
        figures.document_key as source_key,
        figures.figure_id,
        figures.known_from,
        cast(null as timestamp) as known_to,
        figures.loaded_at,
        'public' as audience,
        figures.known_from as release_at,
        figures.is_synthetic
    from {{ ref('survey_answers') }} as asked
    inner join {{ ref('int_document_figures') }} as figures on asked.figure_id = figures.figure_id
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_code = 'W92000004'
            and asked.period_end >= areas.applies_from
            and asked.period_end < areas.applies_to
    left join {{ ref('int_document_figures') }} as took_part on asked.responses_figure_id = took_part.figure_id
    left join {{ ref('int_document_figures') }} as surveyed on asked.areas_figure_id = surveyed.figure_id
    left join {{ ref('int_published_figure_notes') }} as notes on asked.figure_id = notes.figure_id
)

select * from returned
union all
select * from stated
