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
        return_key,
        cast(null as {{ dbt.type_string() }}) as stream_key,
        programme_period,
        programme_period as programme_period_en,
        programme_period as programme_period_cy,
        area_code,
        area_version_key,
        area_name_en,
        area_name_cy,
        period_key,
        period_start,
        period_end,
        {% for role, amount_type in amounts -%}
            {{ role }},
            {{ role }}_status,
        {% endfor -%}
        cast(null as {{ dbt.type_string() }}) as funding_gbp_qualifier,
        adds_to,
        total_basis,
        areas_reporting,
        areas_expected,
        source_key,
        known_from,
        known_to,
        loaded_at,
        audience,
        release_at,
        is_synthetic
    from pivoted

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
        cast(null as {{ dbt.type_string() }}) as period_key,
        stated_together.period_start,
        stated_together.period_end,
        {% for role, amount_type in amounts -%}
            stated_together.{{ role }},
            case when stated_together.{{ role }} is null then 'not_available' else 'reported' end as {{ role }}_status,
        {% endfor -%}
        stated_together.funding_gbp_qualifier,
        cast(null as {{ dbt.type_string() }}) as adds_to,
        case when stated_together.area_code = 'W92000004' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
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
    source_key || '.' || area_code || coalesce('.' || stream_key, '') as series_id,
    source_key,
    known_from,
    known_to,
    loaded_at,
    audience,
    release_at,
    is_synthetic
from together
