-- One row a count of children looked after, as one source gave it for one area and 31 March, for as long as the source
-- gave it: statistics as their intervals come, and counts stated in documents.
-- A document's printed change on the year and rate go with its count.
with
rounding as (
    {{ rounding_of_datasets() }}
),

statistics as (
    select
        observations.source_key,
        'statistic' as source_kind,
        observations.series_id,
        observations.measure_version_key,
        observations.area_code,
        observations.period_end as snapshot_date,
        cast(round(observations.value, 0) as bigint) as children,
        observations.value_status as children_status,
        observations.revision_status,
        observations.note_codes,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        -- f is a forecast, and no forecast is quoted as the figure
        not {{ has_code('observations.note_codes', 'f') }} as is_quotable,
        cast(coalesce(rounding.rounding_base, measures.rounding_base, 1) as bigint) as rounding_base,
        cast(observations.known_from as date) as release_date,
        cast(null as bigint) as printed_change_n,
        cast(null as double) as printed_change_pct,
        cast(null as double) as printed_rate,
        cast(null as double) as printed_rate_change,
        observations.known_from,
        observations.known_to,
        observations.loaded_at,
        observations.load_id,
        observations.landed_sha256,
        cast(observations.source_row as bigint) as source_row,
        observations.is_synthetic
    from {{ ref('int_observation_intervals') }} as observations
    left join rounding on observations.source_key = rounding.source_key
    inner join {{ ref('int_measure_versions') }} as measures
        on observations.measure_version_key = measures.measure_version_key
    where
        observations.measure_key = 'children_looked_after'
        and observations.breakdown = 'all'
        and observations.period_kind = 'financial_year_end'
),

stated as (
    select
        figures.*,
        -- the same document may state one count twice, once loosely: the closer statement stands
        row_number() over (
            partition by figures.document_key, figures.area_code, figures.period_end, figures.known_from
            order by
                case when figures.qualifier = 'exact' and figures.figure_kind = 'actual' then 0 else 1 end,
                figures.rounding_base, figures.figure_id
        ) as closeness
    from {{ ref('int_document_figures') }} as figures
    where
        figures.measure_key = 'children_looked_after'
        and figures.breakdown = 'all'
        and figures.period_kind = 'financial_year_end'
        and figures.derivation = 'value'
        and figures.known_from is not null
        and figures.duplicate_of is null
),

printed as (
    select
        document_key,
        area_code,
        period_end,
        max(case when derivation = 'change_n' then value end) as change_n,
        max(case when derivation = 'change_pct' then value end) as change_pct,
        max(case when derivation = 'rate_per_10000' then value end) as rate_per_10000,
        max(case when derivation = 'rate_change' then value end) as rate_change
    from {{ ref('int_document_figures') }}
    where
        measure_key = 'children_looked_after'
        and breakdown = 'all'
        and qualifier = 'exact'
        and duplicate_of is null
    group by document_key, area_code, period_end
),

documents as (
    select
        stated.document_key as source_key,
        'document' as source_kind,
        measures.series_id,
        measures.measure_version_key,
        stated.area_code,
        stated.period_end as snapshot_date,
        cast(round(stated.value, 0) as bigint) as children,
        'reported' as children_status,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        nullif(stated.qualifier, 'exact') as qualifier,
        stated.qualifier = 'exact' and stated.figure_kind = 'actual' as is_quotable,
        cast(stated.rounding_base as bigint) as rounding_base,
        coalesce(stated.release_date, cast(stated.known_from as date)) as release_date,
        cast(printed.change_n as bigint) as printed_change_n,
        printed.change_pct as printed_change_pct,
        printed.rate_per_10000 as printed_rate,
        printed.rate_change as printed_rate_change,
        stated.known_from,
        lead(stated.known_from) over (
            partition by stated.document_key, stated.area_code, stated.period_end order by stated.known_from
        ) as known_to,
        stated.loaded_at,
        stated.load_id,
        stated.landed_sha256,
        stated.source_row,
        stated.is_synthetic
    from stated
    inner join {{ ref('int_measure_versions') }} as measures
        on
            stated.measure_key = measures.measure_key
            and stated.period_end >= measures.applies_from
            and stated.period_end < measures.applies_to
    left join printed
        on
            stated.document_key = printed.document_key
            and stated.area_code = printed.area_code
            and stated.period_end = printed.period_end
    where stated.closeness = 1
),

together as (
    select * from statistics
    union all
    select * from documents
)

select
    together.*,
    -- TRUE while what the source says is what it said first: no earlier interval had another value or status
    max({{ content_key(['children', 'children_status']) }}) over earlier
    = min({{ content_key(['children', 'children_status']) }}) over earlier as is_first_release
from together
window earlier as (
    partition by source_key, area_code, snapshot_date
    order by known_from
    rows between unbounded preceding and current row
)
