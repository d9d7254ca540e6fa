-- Grain: award_key, one statement of one award by one source. Documents tell one award many times, with other amounts and
-- for other periods, and tell parts beside their whole: every statement stands here, and at most one of an award counts.
with
statements as (
    select
        claims.figure_id as award_key,
        claims.canonical_award_key,
        claims.stream_key,
        claims.award_series,
        cast(claims.quote_order as bigint) as quote_order,
        claims.financial_year,
        cast(claims.period_start as date) as period_start,
        cast(claims.period_end as date) as period_end,
        claims.is_recurrent,
        case
            when claims.multiple_of_figure_id is null then figures.value else figures.value * base.value
        end as amount,
        case when claims.multiple_of_figure_id is null then 'reported' else 'derived' end as status_if_known,
        nullif(coalesce(base.qualifier, figures.qualifier), 'exact') as amount_qualifier,
        coalesce(base.rounding_base, figures.rounding_base) as rounding_base,
        figures.duplicate_of,
        'document' as source_kind,
        figures.document_key as source_key,
        figures.document_title_en,
        figures.document_title_cy,
        figures.seed_line as source_line,
        figures.known_from,
        figures.loaded_at,
        figures.is_synthetic
    from {{ ref('funding_award_claims') }} as claims
    inner join {{ ref('int_document_figures') }} as figures on claims.figure_id = figures.figure_id
    left join {{ ref('int_document_figures') }} as base on claims.multiple_of_figure_id = base.figure_id
    where coalesce(base.unit, figures.unit) = 'GBP'
),

stated_streams as (
    select
        stream_key,
        amount,
        min(canonical_award_key) as canonical_award_key
    from statements
    group by stream_key, amount
),

known_streams as (
    select
        stream_key,
        min(canonical_award_key) as canonical_award_key
    from statements
    group by stream_key
),

-- a stream of which no figure tells the amount: that it was awarded is known, and perhaps an amount
from_streams as (
    select
        streams.stream_key as award_key,
        coalesce(known_streams.canonical_award_key, streams.stream_key) as canonical_award_key,
        streams.stream_key,
        streams.stream_key as award_series,
        cast(99 as bigint) as quote_order,
        cast(null as {{ dbt.type_string() }}) as financial_year,
        streams.valid_from as period_start,
        cast({{ dbt.dateadd('day', -1, 'streams.valid_to') }} as date) as period_end,
        cast(null as boolean) as is_recurrent,
        cast(streams.amount_gbp as double) as amount,
        case when streams.stream_type = 'unhypothecated' then 'not_separately_identifiable' else 'reported' end
            as status_if_known,
        nullif(streams.amount_qualifier, 'exact') as amount_qualifier,
        cast(null as double) as rounding_base,
        cast(null as {{ dbt.type_string() }}) as duplicate_of,
        'reference' as source_kind,
        streams.document_key as source_key,
        documents.title_en as document_title_en,
        documents.title_cy as document_title_cy,
        cast(streams.seed_line as bigint) as source_line,
        cast(documents.known_from as timestamp) as known_from,
        cast(documents.known_from as timestamp) as loaded_at,
        false as is_synthetic
    from {{ ref('funding_streams') }} as streams
    inner join {{ ref('documents') }} as documents on streams.document_key = documents.document_key
    left join known_streams on streams.stream_key = known_streams.stream_key
    left join stated_streams
        on streams.stream_key = stated_streams.stream_key and cast(streams.amount_gbp as double) = stated_streams.amount
    where
        streams.stream_type in ('grant', 'unhypothecated')
        and stated_streams.stream_key is null
        and (streams.amount_gbp is not null or known_streams.stream_key is null)
),

together as (
    select * from statements
    union all
    select * from from_streams
),

placed as (
    select
        *,
        -- what has no ring fence has no amount of its own, whatever a source may say
        case when status_if_known <> 'not_separately_identifiable' then cast(amount as decimal(18, 2)) end as amount_gbp,
        case
            when status_if_known = 'not_separately_identifiable' then status_if_known
            when amount is null then 'not_available'
            else status_if_known
        end as amount_gbp_status,
        count(*) over (partition by canonical_award_key, amount) as times_cited,
        row_number() over (
            partition by canonical_award_key
            order by
                case when amount is null then 1 else 0 end asc,
                case when duplicate_of is null then 0 else 1 end asc,
                quote_order asc,
                known_from desc,
                award_key asc
        ) as place
    from together
),

-- amounts of one year each, from one year to the next of the same series
yearly as (
    select
        award_key,
        lag(financial_year) over (partition by award_series order by financial_year, award_key) as previous_financial_year,
        lag(amount_gbp) over (partition by award_series order by financial_year, award_key) as previous_amount_gbp
    from placed
    where place = 1 and financial_year is not null and amount_gbp is not null and amount_qualifier is null
),

-- the awards inside which others are for certain
wholes as (
    select distinct parent_award_key
    from {{ ref('funding_award_parts') }}
    where is_certain
),

conflict_groups as (
    select
        figure_id,
        min(conflict_group) as conflict_group
    from {{ ref('published_figure_conflicts') }}
    where figure_id is not null
    group by figure_id
),

conflicts as (
    select
        conflict_groups.figure_id,
        max(notes.note_en) as note_en,
        max(notes.note_cy) as note_cy
    from conflict_groups
    inner join {{ ref('published_figure_conflicts') }} as notes
        on conflict_groups.conflict_group = notes.conflict_group
    group by conflict_groups.figure_id
)

select
    placed.award_key,
    placed.canonical_award_key,
    case when parts.is_certain then parts.parent_award_key end as parent_award_key,
    case when not parts.is_certain then parts.parent_award_key end as possible_parent_award_key,
    placed.stream_key,
    streams.name_en as stream_name_en,
    streams.name_cy as stream_name_cy,
    areas.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    streams.route_en as coverage_en,
    streams.route_cy as coverage_cy,
    placed.financial_year,
    placed.period_start,
    placed.period_end,
    placed.is_recurrent,
    placed.amount_gbp,
    placed.amount_gbp_status,
    placed.amount_qualifier,
    case placed.amount_qualifier
        when 'over' then 'over'
        when 'nearly' then 'nearly'
        when 'at least' then 'at least'
        when 'up to' then 'up to'
        when 'approx' then 'approximately'
    end as amount_qualifier_en,
    case placed.amount_qualifier
        when 'over' then 'dros'
        when 'nearly' then 'bron'
        when 'at least' then 'o leiaf'
        when 'up to' then 'hyd at'
        when 'approx' then 'tua'
    end as amount_qualifier_cy,
    placed.rounding_base,
    cast(placed.times_cited as bigint) as times_cited,
    placed.place = 1 and placed.amount_gbp is not null as is_quoted,
    placed.place = 1 and parts.canonical_award_key is null and placed.amount_gbp is not null as counts_towards_total,
    yearly.previous_financial_year,
    yearly.previous_amount_gbp,
    cast(
        case when yearly.previous_amount_gbp > 0 then 100.0 * (placed.amount_gbp / yearly.previous_amount_gbp - 1) end as double
    ) as change_pct,
    case
        when yearly.previous_amount_gbp > 0 then 'derived'
        when yearly.award_key is not null then 'not_available'
        else 'not_applicable'
    end as change_pct_status,
    conflicts.note_en as conflict_note_en,
    conflicts.note_cy as conflict_note_cy,
    parts.note_en as part_note_en,
    parts.note_cy as part_note_cy,
    placed.duplicate_of,
    wholes.parent_award_key is not null as is_total,
    case when parts.is_certain then parts.parent_award_key end as adds_to,
    'funding_award.' || placed.award_series as series_id,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    placed.source_kind,
    placed.source_key,
    placed.document_title_en,
    placed.document_title_cy,
    placed.source_line,
    placed.known_from,
    cast(null as timestamp) as known_to,
    placed.loaded_at,
    'public' as audience,
    placed.known_from as release_at,
    placed.is_synthetic
from placed
left join yearly on placed.award_key = yearly.award_key
left join {{ ref('funding_award_parts') }} as parts on placed.canonical_award_key = parts.canonical_award_key
left join wholes on placed.canonical_award_key = wholes.parent_award_key
left join conflicts on placed.award_key = conflicts.figure_id
left join {{ ref('funding_streams') }} as streams on placed.stream_key = streams.stream_key
inner join {{ ref('int_area_versions') }} as areas
    on
        areas.area_code = 'W92000004'
        and coalesce(placed.period_end, cast(placed.known_from as date)) >= areas.applies_from
        and coalesce(placed.period_end, cast(placed.known_from as date)) < areas.applies_to
