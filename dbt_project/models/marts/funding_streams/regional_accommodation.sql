-- Grain: programme_period × area_code × return_key. The programme period is the financial year; a return that comes each
-- quarter says how things stand, so that the last quarter of the year stands for it.
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
        {% for role, amount_type in [
            ('funding_gbp', 'decimal(18, 2)'), ('projects', 'bigint'), ('homes', 'bigint'), ('beds_planned', 'bigint'),
            ('beds_open', 'bigint'), ('beds_outstanding', 'bigint'), ('children_supported', 'bigint'),
        ] -%}
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
)

select
    return_key,
    programme_period,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    period_key,
    period_start,
    period_end,
    funding_gbp,
    funding_gbp_status,
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
    cast(case when beds_planned > 0 then funding_gbp / beds_planned end as decimal(18, 2)) as cost_per_bed_gbp,
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
    source_key || '.' || area_code as series_id,
    source_key,
    known_from,
    known_to,
    loaded_at,
    audience,
    release_at,
    is_synthetic
from pivoted
