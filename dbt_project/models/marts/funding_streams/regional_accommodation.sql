-- Grain: programme_period × area_code × source_key. Of returns the programme period is the financial year; a return that comes
-- each quarter says how things stand, so that the last quarter of the year stands for it. A document tells of the periods
-- that it names.
{%- set amounts = [
    ('funding_gbp', 'decimal(18, 2)'), ('projects', 'bigint'), ('homes', 'bigint'), ('beds_planned', 'bigint'),
    ('beds_open', 'bigint'), ('beds_outstanding', 'bigint'), ('children_supported', 'bigint'),
] %}
with
sums as (
    select
        *,
        {{ financial_year('period_end') }} as programme_period
    from {{ ref('int_return_area_sums') }}
    where feed = 'regional_accommodation' and level in ('submitter', 'country')
),

newest as (
    select
        return_key,
        area_code,
        programme_period,
        max(period_end) as period_end
    from sums
    group by return_key, area_code, programme_period
),

pivoted as (
    select
        sums.return_key,
        sums.source_key,
        sums.programme_period,
        sums.area_code,
        sums.area_version_key,
        sums.area_name_en,
        sums.area_name_cy,
        sums.period_key,
        sums.period_start,
        sums.period_end,
        {% for role, amount_type in amounts -%}
            {{ role_sum(role, 'value_number', amount_type) }} as {{ role }},
            {{ role_status(role, 'value_number') }} as {{ role }}_status,
        {% endfor -%}
        max(sums.area_type) as area_type,
        max(sums.adds_to) as adds_to,
        max(sums.total_basis) as total_basis,
        min(sums.areas_reporting) as areas_reporting,
        max(sums.areas_expected) as areas_expected,
        max(sums.known_from) as known_from,
        max(sums.known_to) as known_to,
        max(sums.loaded_at) as loaded_at,
        max(sums.audience) as audience,
        max(sums.release_at) as release_at,
        max(case when sums.is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from sums
    inner join newest
        on
            sums.return_key = newest.return_key
            and sums.area_code = newest.area_code
            and sums.programme_period = newest.programme_period
            and sums.period_end = newest.period_end
    group by
        sums.return_key,
        sums.source_key,
        sums.programme_period,
        sums.area_code,
        sums.area_version_key,
        sums.area_name_en,
        sums.area_name_cy,
        sums.period_key,
        sums.period_start,
        sums.period_end
),

-- one figure a column and period of a document: plainly before loosely, the original before its copy
stated as (
    select
        claims.stream_key,
        claims.programme_period,
        claims.programme_period_en,
        claims.programme_period_cy,
        claims.area_code,
        cast(claims.period_start as date) as period_start,
        cast(claims.period_end as date) as period_end,
        claims.amount_column,
        figures.document_key as source_key,
        figures.value,
        nullif(figures.qualifier, 'exact') as qualifier,
        figures.known_from,
        figures.loaded_at,
        figures.is_synthetic,
        row_number() over (
            partition by claims.programme_period, claims.area_code, claims.amount_column, figures.document_key
            order by
                case when figures.qualifier = 'exact' then 0 else 1 end asc,
                case when figures.duplicate_of is null then 0 else 1 end asc,
                figures.figure_id asc
        ) as place
    from {{ ref('regional_accommodation_figures') }} as claims
    inner join {{ ref('int_document_figures') }} as figures on claims.figure_id = figures.figure_id
),

stated_together as (
    select
        stream_key,
        programme_period,
        programme_period_en,
        programme_period_cy,
        area_code,
        period_start,
        period_end,
        source_key,
        {% for role, amount_type in amounts -%}
            cast(max(case when amount_column = '{{ role }}' then value end) as {{ amount_type }}) as {{ role }},
        {% endfor -%}
        max(case when amount_column = 'funding_gbp' then qualifier end) as funding_gbp_qualifier,
        max(known_from) as known_from,
        max(loaded_at) as loaded_at,
        max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from stated
    where place = 1
    group by
        stream_key,
        programme_period,
        programme_period_en,
        programme_period_cy,
        area_code,
        period_start,
        period_end,
        source_key
),

together as (
    select
        pivoted.return_key,
        registered.stream_key,
        pivoted.programme_period,
        pivoted.programme_period as programme_period_en,
        pivoted.programme_period as programme_period_cy,
        pivoted.area_code,
        pivoted.area_version_key,
        pivoted.area_name_en,
        pivoted.area_name_cy,
        pivoted.area_type,
        pivoted.period_key,
        pivoted.period_start,
        pivoted.period_end,
        -- funding is what was awarded so far: every year of a return tells the money of the years before again
        min(pivoted.period_start) over (partition by pivoted.return_key) as told_from,
        {% for role, amount_type in amounts -%}
            pivoted.{{ role }},
            pivoted.{{ role }}_status,
        {% endfor -%}
        cast(null as {{ dbt.type_string() }}) as funding_gbp_qualifier,
        pivoted.adds_to,
        pivoted.total_basis,
        pivoted.areas_reporting,
        pivoted.areas_expected,
        pivoted.source_key || '.' || pivoted.area_code as series_id,
        pivoted.source_key,
        pivoted.known_from,
        pivoted.known_to,
        pivoted.loaded_at,
        pivoted.audience,
        pivoted.release_at,
        pivoted.is_synthetic
    from pivoted
    left join {{ ref('documented_returns') }} as registered on pivoted.return_key = registered.return_key

    union all

    select
        cast(null as {{ dbt.type_string() }}) as return_key,
        stated_together.stream_key,
        stated_together.programme_period,
        stated_together.programme_period_en,
        stated_together.programme_period_cy,
        stated_together.area_code,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        cast(null as {{ dbt.type_string() }}) as period_key,
        stated_together.period_start,
        stated_together.period_end,
        stated_together.period_start as told_from,
        {% for role, amount_type in amounts -%}
            stated_together.{{ role }},
            case when stated_together.{{ role }} is null then 'not_available' else 'reported' end as {{ role }}_status,
        {% endfor -%}
        stated_together.funding_gbp_qualifier,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        case when stated_together.area_code = 'W92000004' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        stated_together.source_key || '.' || stated_together.area_code || coalesce('.' || stated_together.stream_key, '')
            as series_id,
        stated_together.source_key,
        stated_together.known_from,
        cast(null as timestamp) as known_to,
        stated_together.loaded_at,
        'public' as audience,
        stated_together.known_from as release_at,
        stated_together.is_synthetic
    from stated_together
    inner join {{ ref('int_area_versions') }} as areas
        on
            stated_together.area_code = areas.area_code
            and stated_together.period_end >= areas.applies_from
            and stated_together.period_end < areas.applies_to
),

-- which of two statements of one funding counts: real before synthetic; of a stream that we know; the whole before its
-- parts; said plainly before loosely; the one that reaches further, then the later known
placed as (
    select
        *,
        {{ area_level('area_type') }} as area_level,
        row_number() over (
            order by
                case when is_synthetic then 1 else 0 end asc,
                case when stream_key is null then 1 else 0 end asc,
                {{ area_level('area_type') }} desc,
                case when funding_gbp_qualifier is null then 0 else 1 end asc,
                period_end desc,
                known_from desc,
                source_key asc,
                programme_period asc,
                area_code asc
        ) as place
    from together
),

-- the same money, or perhaps the same: of one stream (or of one that nobody names), of days that overlap, and of one area or
-- of two of which one may lie in the other
told_before as (
    select distinct placed.place
    from placed
    inner join placed as better
        on
            placed.place > better.place
            and coalesce(placed.stream_key = better.stream_key, true)
            and placed.told_from <= better.period_end
            and placed.period_end >= better.told_from
            and (placed.area_code = better.area_code or placed.area_level <> better.area_level)
    where better.funding_gbp is not null
)

select
    return_key,
    stream_key,
    programme_period,
    programme_period_en,
    programme_period_cy,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    period_key,
    period_start,
    period_end,
    funding_gbp,
    funding_gbp_status,
    funding_gbp_qualifier,
    funding_gbp is not null and told_before.place is null as counts_towards_total,
    projects,
    projects_status,
    homes,
    homes_status,
    beds_planned,
    beds_planned_status,
    beds_open,
    beds_open_status,
    coalesce(beds_outstanding, beds_planned - beds_open) as beds_outstanding,
    case
        when beds_outstanding is null and beds_planned - beds_open is not null
            then case when 'partial' in (beds_planned_status, beds_open_status) then 'partial' else 'derived' end
        else beds_outstanding_status
    end as beds_outstanding_status,
    children_supported,
    children_supported_status,
    cast(case when beds_planned > 0 then cast(funding_gbp as double) / beds_planned end as decimal(18, 2)) as cost_per_bed_gbp,
    case
        when funding_gbp is null or beds_planned is null then 'not_available'
        when beds_planned = 0 then 'not_applicable'
        when 'partial' in (funding_gbp_status, beds_planned_status) then 'partial'
        else 'derived'
    end as cost_per_bed_gbp_status,
    area_code = 'W92000004' as is_total,
    adds_to,
    total_basis,
    areas_reporting,
    areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    series_id,
    source_key,
    known_from,
    known_to,
    loaded_at,
    audience,
    release_at,
    is_synthetic
from placed
left join told_before on placed.place = told_before.place
