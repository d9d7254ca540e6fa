-- One row a figure that a document states: the 278 kept by hand, and those imported by file. Each is dated by its
-- document and says which statistic, if any, answers it.
with
loads as (  -- a load that was withdrawn and came back stands twice among the vintages
    select
        load_id,
        max(vintage_no) as vintage_no,
        min(landed_at) as landed_at,
        max(case when is_synthetic then 1 else 0 end) as is_synthetic
    from {{ source('lake', 'vintages') }}
    group by load_id
),

by_hand as (
    select
        figures.figure_id,
        figures.document_key,
        figures.subject_area,
        figures.measure,
        figures.geography,
        figures.period,
        cast(figures.value as double) as value,
        figures.unit,
        figures.qualifier,
        figures.figure_kind,
        cast(figures.rounding_base as double) as rounding_base,
        cast(figures.printed_decimals as bigint) as printed_decimals,
        cast(figures.seed_line as bigint) as seed_line,
        figures.duplicate_of,
        figures.note_codes,
        measures.measure_key,
        measures.area_code,
        measures.period_kind,
        cast(measures.period_end as date) as period_end,
        cast(measures.base_period_end as date) as base_period_end,
        measures.breakdown,
        measures.whole_breakdown,
        measures.derivation,
        cast(measures.release_date as date) as release_date,
        measures.coverage_en,
        measures.coverage_cy,
        cast(documents.known_from as timestamp) as known_from,
        cast(documents.known_from as timestamp) as loaded_at,
        cast(null as {{ dbt.type_string() }}) as load_id,
        cast(null as {{ dbt.type_string() }}) as landed_sha256,
        cast(figures.seed_line as bigint) as source_row,
        documents.title_en as document_title_en,
        documents.title_cy as document_title_cy,
        false as is_imported,
        false as is_synthetic
    from {{ ref('published_figures') }} as figures
    inner join {{ ref('documents') }} as documents on figures.document_key = documents.document_key
    left join {{ ref('published_figure_measures') }} as measures on figures.figure_id = measures.figure_id
),

imported_ordered as (  -- a document that is imported again replaces itself, other documents stay
    select
        raw.*,
        loads.landed_at,
        loads.is_synthetic = 1 as is_synthetic,
        rank() over (partition by raw.document_key order by loads.vintage_no desc, raw._load_id desc) as recency
    from {{ source('lake', 'raw_imported_figures') }} as raw
    inner join loads on raw._load_id = loads.load_id
),

imported_keyed as (
    select
        imported.*,
        -- a key that another figure has already is made its own by its document and row
        case
            when by_hand.figure_id is null and count(*) over (partition by imported.figure_id) = 1
                then imported.figure_id
            else
                imported.document_key || '.' || imported.figure_id
                || '.' || cast(imported._source_row as {{ dbt.type_string() }})
        end as own_figure_id
    from imported_ordered as imported
    left join by_hand on imported.figure_id = by_hand.figure_id
    where imported.recency = 1
),

imported as (
    select
        imported.own_figure_id as figure_id,
        imported.document_key,
        cast('children_looked_after' as {{ dbt.type_string() }}) as subject_area,
        imported.measure_key as measure,
        imported.area_code as geography,
        imported.period_end as period,
        {{ to_number('imported.value') }} as value,
        case when imported.measure_key = 'children_looked_after' then 'children' end as unit,
        coalesce(nullif(imported.qualifier, ''), 'exact') as qualifier,
        'actual' as figure_kind,
        coalesce({{ to_number('imported.rounding_base') }}, 1.0) as rounding_base,
        cast(0 as bigint) as printed_decimals,
        cast(imported._source_row as bigint) as seed_line,
        cast(null as {{ dbt.type_string() }}) as duplicate_of,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        imported.measure_key,
        imported.area_code,
        'financial_year_end' as period_kind,
        cast(imported.period_end as date) as period_end,
        cast(null as date) as base_period_end,
        'all' as breakdown,
        cast(null as {{ dbt.type_string() }}) as whole_breakdown,
        'value' as derivation,
        cast(null as date) as release_date,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        cast(nullif(imported.known_from, '') as timestamp) as known_from,
        imported.landed_at as loaded_at,
        imported._load_id as load_id,
        imported._landed_sha256 as landed_sha256,
        cast(imported._source_row as bigint) as source_row,
        coalesce(documents.title_en, imported.document_title_en, imported.document_key) as document_title_en,
        coalesce(documents.title_cy, imported.document_title_cy, imported.document_key) as document_title_cy,
        true as is_imported,
        imported.is_synthetic
    from imported_keyed as imported
    left join {{ ref('documents') }} as documents on imported.document_key = documents.document_key
),

figures as (
    select * from by_hand
    union all
    select * from imported
)

select
    *,
    {{ period_key('period_kind', 'period_end') }} as period_key,
    {{ period_key('period_kind', 'base_period_end') }} as base_period_key,
    {{ period_start('period_kind', 'period_end') }} as period_start
from figures
