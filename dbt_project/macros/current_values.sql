{# What each dataset rounds its figures to, as a query: the widest of its columns. A dataset that says nothing has no row. #}
{% macro rounding_of_datasets() -%}
    select
        source_key,
        max(rounding_base) as rounding_base
    from {{ source('lake', 'registry_columns') }}
    group by source_key
{%- endmacro %}

{#
    What every source says now, statistics and documents alike, before it is said which of them is to be quoted.
    `int_current_values` asks all of it, and what wants a few measures that no literal names asks it through
    `int_current_statements`: a filter goes below a window function, a join does not.
#}
{% macro current_statements() %}
with
rounding as (
    {{ rounding_of_datasets() }}
),

statistics as (
    select
        intervals.measure_key,
        measures.measure_version_key,
        measures.series_id,
        measures.framework,
        measures.unit,
        intervals.area_code,
        intervals.period_kind,
        intervals.period_key,
        intervals.period_start,
        intervals.period_end,
        intervals.breakdown,
        intervals.value,
        intervals.value_status,
        -- what the dataset rounds to, else the measure; a figure given in thousands is known to the thousand
        cast(greatest(coalesce(rounding.rounding_base, measures.rounding_base, 1), coalesce(measures.scale, 1)) as double)
            as rounding_base,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        intervals.revision_status,
        intervals.note_codes,
        'statistic' as source_kind,
        intervals.source_key,
        cast(null as {{ dbt.type_string() }}) as figure_id,
        case when {{ has_code('intervals.note_codes', 'f') }} then 'forecast' else 'actual' end as figure_kind,
        intervals.known_from,
        intervals.loaded_at,
        cast(intervals.known_from as date) as release_date,
        true as names_release,
        measures.population_definition_en,
        measures.population_definition_cy,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        intervals.is_synthetic,
        intervals.load_id,
        intervals.landed_sha256,
        cast(intervals.source_row as bigint) as source_row
    from {{ ref('int_observation_intervals') }} as intervals
    inner join {{ ref('int_measure_versions') }} as measures
        on intervals.measure_version_key = measures.measure_version_key
    left join rounding on intervals.source_key = rounding.source_key
    where intervals.known_to is null
),

stated as (
    select
        figures.*,
        -- a document may state one thing twice, once loosely, and a document that was revised states it anew
        row_number() over (
            partition by
                figures.document_key, figures.measure_key, figures.area_code, figures.period_key, figures.breakdown,
                figures.figure_kind
            order by
                figures.known_from desc,
                case when figures.qualifier = 'exact' then 0 else 1 end asc,
                figures.rounding_base asc,
                figures.figure_id asc
        ) as closeness
    from {{ ref('int_document_figures') }} as figures
    where
        figures.derivation = 'value'
        and figures.duplicate_of is null
        and figures.known_from is not null
),

documents as (
    select
        stated.measure_key,
        measures.measure_version_key,
        measures.series_id,
        measures.framework,
        measures.unit,
        stated.area_code,
        stated.period_kind,
        stated.period_key,
        stated.period_start,
        stated.period_end,
        stated.breakdown,
        stated.value,
        'reported' as value_status,
        stated.rounding_base,
        nullif(stated.qualifier, 'exact') as qualifier,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        'document' as source_kind,
        stated.document_key as source_key,
        stated.figure_id,
        stated.figure_kind,
        stated.known_from,
        stated.loaded_at,
        coalesce(stated.release_date, cast(stated.known_from as date)) as release_date,
        stated.release_date is not null as names_release,
        measures.population_definition_en,
        measures.population_definition_cy,
        stated.coverage_en,
        stated.coverage_cy,
        stated.is_synthetic,
        stated.load_id,
        stated.landed_sha256,
        stated.source_row
    from stated
    inner join {{ ref('int_measure_versions') }} as measures
        on
            stated.measure_key = measures.measure_key
            and stated.period_end >= measures.applies_from
            and stated.period_end < measures.applies_to
    where stated.closeness = 1
),

together as (
    select * from statistics
    union all
    select * from documents
)

select
    together.*,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    areas.area_type,
    'public' as audience,
    together.known_from as release_at
from together
inner join {{ ref('int_area_versions') }} as areas
    on
        together.area_code = areas.area_code
        and together.period_end >= areas.applies_from
        and together.period_end < areas.applies_to
{% endmacro %}

{# The place of a statement among those of its cell: 1 is to be quoted. #}
{% macro place_to_quote(relation) -%}
    cast(row_number() over (
        partition by {{ relation }}.measure_key, {{ relation }}.area_code, {{ relation }}.period_key, {{ relation }}.breakdown
        order by
            case when {{ relation }}.figure_kind = 'actual' and {{ relation }}.qualifier is null then 0 else 1 end asc,
            case when {{ relation }}.value is not null or {{ relation }}.value_status = 'suppressed' then 0 else 1 end asc,
            case when {{ relation }}.is_synthetic then 1 else 0 end asc,
            -- a letter that rounds what was published long before is no newer release
            case when {{ relation }}.names_release then 0 else 1 end asc,
            {{ relation }}.release_date desc,
            {{ relation }}.rounding_base asc,
            {{ relation }}.known_from desc,
            {{ relation }}.source_key asc,
            {{ relation }}.figure_kind asc
    ) as bigint)
{%- endmacro %}
