-- Grain: source_key × area_code × as_at_date × measure_key × breakdown. Of each authority, of its region by membership on the
-- day, and of Wales, as returns say; and what documents state, each of the population and the date that it names.
with
sums as (
    select
        *,
        coalesce({{ extract('subject', 'measure_key=([^;]+)', 1) }}, role) as measure_key,
        coalesce(nullif({{ replace_all('subject', '(^|; )measure_key=[^;]*', '') }}, ''), 'all') as breakdown
    from {{ ref('int_return_area_sums') }}
    where feed = 'measures' and sheet = {{ workforce_sheet() }} and (role = 'value' or subject not like '%measure_key=%')
),

-- a measure that is defined here has the unit of its definition, whichever source states it
defined as (
    select
        measure_key,
        max(unit) as unit
    from {{ ref('measures') }}
    group by measure_key
    having count(distinct unit) = 1
),

labels as (
    select
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
    where columns.role = 'measure_key'
    group by choices.return_key, choices.choice_key
),

returned as (
    select
        sums.return_key,
        sums.area_code,
        sums.area_version_key,
        sums.area_name_en,
        sums.area_name_cy,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        sums.period_end as as_at_date,
        sums.period_key,
        sums.period_start,
        sums.period_end,
        sums.measure_key,
        coalesce(labels.label_en, sums.measure_key) as measure_title_en,
        coalesce(labels.label_cy, sums.measure_key) as measure_title_cy,
        sums.breakdown,
        sums.value_number as value,
        sums.value_status,
        -- full-time equivalents are no heads
        coalesce(
            sums.unit, defined.unit, case when sums.measure_key like '%!_fte' escape '!' then 'fte' else 'count' end
        ) as unit,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        cast(null as {{ dbt.type_string() }}) as population_definition_en,
        cast(null as {{ dbt.type_string() }}) as population_definition_cy,
        cast(null as {{ dbt.type_string() }}) as note_en,
        cast(null as {{ dbt.type_string() }}) as note_cy,
        sums.is_total,
        sums.adds_to,
        sums.total_basis,
        sums.areas_reporting,
        sums.areas_expected,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        sums.source_key || '.' || sums.measure_key || '.' || sums.area_code as series_id,
        sums.source_key,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        sums.known_from,
        sums.known_to,
        sums.loaded_at,
        sums.audience,
        sums.release_at,
        sums.is_synthetic
    from sums
    left join defined on sums.measure_key = defined.measure_key
    left join labels on sums.return_key = labels.return_key and sums.measure_key = labels.choice_key
),

stated as (
    select
        cast(null as {{ dbt.type_string() }}) as return_key,
        area_code,
        area_version_key,
        area_name_en,
        area_name_cy,
        coverage_en,
        coverage_cy,
        period_end as as_at_date,
        period_key,
        period_start,
        period_end,
        measure_key,
        measure_title_en,
        measure_title_cy,
        breakdown,
        value,
        value_status,
        unit,
        qualifier,
        population_definition_en,
        population_definition_cy,
        note_en,
        note_cy,
        area_type = 'country' as is_total,
        case
            when area_type <> 'country' and {{ adds_up('unit', 'cast(null as bigint)') }} then 'W92000004'
        end as adds_to,
        case when area_type = 'country' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        revision_status,
        -- what two sources count under one name is no series
        source_key || '.' || series_id as series_id,
        source_key,
        figure_id,
        known_from,
        cast(null as timestamp) as known_to,
        loaded_at,
        audience,
        release_at,
        is_synthetic
    from {{ ref('int_outcome_values') }}
    where mart = 'workforce' and fills = 'value' and figure_kind = 'actual'
)

select * from returned
union all
select * from stated
