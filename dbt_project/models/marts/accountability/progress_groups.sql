-- Grain: programme_key × group_key. Into how many authorities a document sorts each group of a programme, and whether its
-- groups cover every authority. The document names no authority, so neither does this.
with
figures as (
    select
        figure_id,
        document_key,
        value,
        qualifier,
        seed_line,
        known_from,
        loaded_at,
        is_synthetic
    from {{ ref('int_document_figures') }}
),

counted as (
    select
        groups.programme_key,
        groups.programme_en,
        groups.programme_cy,
        groups.group_key,
        groups.group_order,
        groups.group_en,
        groups.group_cy,
        groups.figure_id,
        groups.document_key as source_key,
        cast(in_group.value as bigint) as areas,
        cast(pathfinders.value as bigint) as of_which_pathfinders,
        cast(others.value as bigint) as of_which_non_pathfinders,
        cast(expected.value as bigint) as areas_expected,
        nullif(in_group.qualifier, 'exact') as qualifier,
        in_group.seed_line,
        {{ latest_of(['in_group.known_from', 'pathfinders.known_from', 'others.known_from', 'expected.known_from', 'cast(documents.known_from as timestamp)']) }}
            as known_from,
        coalesce(in_group.is_synthetic, false)
        or coalesce(pathfinders.is_synthetic, false)
        or coalesce(others.is_synthetic, false)
        or coalesce(expected.is_synthetic, false) as is_synthetic
    from {{ ref('progress_group_figures') }} as groups
    inner join {{ ref('documents') }} as documents on groups.document_key = documents.document_key
    left join figures as in_group on groups.figure_id = in_group.figure_id
    left join figures as pathfinders on groups.pathfinders_figure_id = pathfinders.figure_id
    left join figures as others on groups.non_pathfinders_figure_id = others.figure_id
    left join figures as expected on groups.areas_expected_figure_id = expected.figure_id
),

covered as (
    select
        counted.*,
        -- what the groups that have a number come to
        cast(sum(areas) over (partition by programme_key) as bigint) as areas_reporting
    from counted
)

select
    programme_key,
    programme_en,
    programme_cy,
    group_key,
    group_order,
    group_en,
    group_cy,
    areas,
    case when areas is null then 'not_available' else 'reported' end as areas_status,
    of_which_pathfinders,
    case when of_which_pathfinders is null then 'not_available' else 'reported' end as of_which_pathfinders_status,
    of_which_non_pathfinders,
    case when of_which_non_pathfinders is null then 'not_available' else 'reported' end as of_which_non_pathfinders_status,
    areas_reporting,
    areas_expected,
    areas_reporting = areas_expected as covers_every_area,
    qualifier,
    {{ areas_covered('areas', 'areas_expected', 'en') }} || ', which the document does not name' as coverage_en,
    {{ areas_covered('areas', 'areas_expected', 'cy') }} || ', nad yw’r ddogfen yn eu henwi' as coverage_cy,
    figure_id,
    source_key,
    seed_line,
    known_from,
    cast(null as timestamp) as known_to,
    known_from as loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    'public' as audience,
    known_from as release_at,
    is_synthetic
from covered
