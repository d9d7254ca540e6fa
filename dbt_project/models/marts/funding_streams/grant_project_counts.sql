-- Grain: stream_key × area_code × as_at_date × source_key. How many projects a stream paid for at a day: as documents say,
-- and as returns list them. Different streams are different funds: no number here is a change of another.
with
stated as (
    select
        claims.stream_key,
        claims.area_code,
        cast(claims.as_at_date as date) as as_at_date,
        figures.value as projects,
        'reported' as projects_status,
        nullif(figures.qualifier, 'exact') as qualifier,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        case when claims.area_code = 'W92000004' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        figures.figure_id,
        figures.document_key as source_key,
        figures.seed_line as source_line,
        figures.known_from,
        figures.loaded_at,
        'public' as audience,
        figures.known_from as release_at,
        figures.is_synthetic,
        -- a document that says it twice says it once: plainly before loosely, the original before its copy
        row_number() over (
            partition by claims.stream_key, claims.area_code, claims.as_at_date, figures.document_key
            order by
                case when figures.qualifier = 'exact' then 0 else 1 end asc,
                case when figures.duplicate_of is null then 0 else 1 end asc,
                figures.figure_id asc
        ) as place
    from {{ ref('grant_project_figures') }} as claims
    inner join {{ ref('int_document_figures') }} as figures on claims.figure_id = figures.figure_id
    where figures.unit = 'projects'
),

-- a project has a row an outcome; it is one project
listed as (
    select
        projects.return_key,
        projects.source_key,
        projects.stream_key,
        projects.area_code,
        projects.period_key,
        projects.period_end,
        count(distinct projects.project_key) as projects,
        -- of rows that were kept out nobody knows how many projects they are
        max(case when submissions.is_part_accepted then 1 else 0 end) as is_part,
        -- of the areas of the return and period: one that says that it has nothing to report is not missing
        max(projects.areas_reporting) as areas_reporting,
        max(projects.areas_expected) as areas_expected,
        max(projects.known_from) as known_from,
        max(projects.loaded_at) as loaded_at,
        max(projects.release_at) as release_at,
        max(case when projects.audience = 'official' then 1 else 0 end) as is_official,
        max(case when projects.is_synthetic then 1 else 0 end) as is_synthetic
    from {{ ref('grant_projects') }} as projects
    left join {{ ref('int_return_submissions') }} as submissions on projects.submission_id = submissions.submission_id
    group by
        projects.return_key,
        projects.source_key,
        projects.stream_key,
        projects.area_code,
        projects.period_key,
        projects.period_end
),

of_wales as (
    select
        source_key,
        stream_key,
        period_end,
        sum(projects) as projects,
        max(areas_reporting) as areas_reporting,
        max(areas_expected) as areas_expected,
        max(known_from) as known_from,
        max(loaded_at) as loaded_at,
        max(release_at) as release_at,
        max(is_official) as is_official,
        max(is_synthetic) as is_synthetic
    from listed
    where area_code <> 'W92000004'
    group by source_key, stream_key, period_end
),

together as (
    select
        stream_key,
        area_code,
        as_at_date,
        projects,
        projects_status,
        qualifier,
        adds_to,
        total_basis,
        areas_reporting,
        areas_expected,
        figure_id,
        source_key,
        source_line,
        known_from,
        loaded_at,
        audience,
        release_at,
        is_synthetic
    from stated
    where place = 1

    union all

    select
        stream_key,
        area_code,
        period_end as as_at_date,
        projects,
        case when is_part = 1 then 'partial' else 'derived' end as projects_status,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        case when area_code <> 'W92000004' then 'W92000004' end as adds_to,
        cast(null as {{ dbt.type_string() }}) as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        source_key,
        cast(null as bigint) as source_line,
        known_from,
        loaded_at,
        case when is_official = 1 then 'official' else 'public' end as audience,
        release_at,
        is_synthetic = 1 as is_synthetic
    from listed

    union all

    select
        stream_key,
        'W92000004' as area_code,
        period_end as as_at_date,
        projects,
        case when areas_reporting < areas_expected then 'partial' else 'derived' end as projects_status,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        'sum' as total_basis,
        areas_reporting,
        areas_expected,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        source_key,
        cast(null as bigint) as source_line,
        known_from,
        loaded_at,
        case when is_official = 1 then 'official' else 'public' end as audience,
        release_at,
        is_synthetic = 1 as is_synthetic
    from of_wales
)

select
    together.stream_key,
    streams.name_en as stream_name_en,
    streams.name_cy as stream_name_cy,
    together.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    together.as_at_date,
    cast(together.projects as bigint) as projects,
    together.projects_status,
    together.qualifier,
    streams.spend_class,
    streams.spend_class_en,
    streams.spend_class_cy,
    together.area_code = 'W92000004' as is_total,
    together.adds_to,
    together.total_basis,
    cast(together.areas_reporting as bigint) as areas_reporting,
    cast(together.areas_expected as bigint) as areas_expected,
    together.source_key || '.' || together.stream_key || '.projects' as series_id,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    together.figure_id,
    together.source_key,
    together.source_line,
    together.known_from,
    cast(null as timestamp) as known_to,
    together.loaded_at,
    together.audience,
    together.release_at,
    together.is_synthetic
from together
left join {{ ref('dim_funding_stream') }} as streams on together.stream_key = streams.stream_key
inner join {{ ref('int_area_versions') }} as areas
    on
        together.area_code = areas.area_code
        and together.as_at_date >= areas.applies_from
        and together.as_at_date < areas.applies_to
