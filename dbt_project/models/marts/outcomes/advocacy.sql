-- Grain: area_code × period_key × return_key. Of each advocacy region, of the authorities that its rows name, and of Wales.
with
pivoted as (
    select
        return_key,
        source_key,
        area_code,
        area_version_key,
        area_name_en,
        area_name_cy,
        area_type,
        period_key,
        period_start,
        period_end,
        {% for role in ['eligible', 'active_offers_made', 'active_offers_accepted'] -%}
            {{ role_sum(role, 'value_number', 'bigint') }} as {{ role }},
            {{ role_status(role, 'value_number') }} as {{ role }}_status,
        {% endfor -%}
        max(adds_to) as adds_to,
        max(total_basis) as total_basis,
        min(areas_reporting) as areas_reporting,
        max(areas_expected) as areas_expected,
        max(known_from) as known_from,
        max(known_to) as known_to,
        max(loaded_at) as loaded_at,
        max(audience) as audience,
        max(release_at) as release_at,
        max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from {{ ref('int_return_area_sums') }}
    where feed = 'advocacy'
    group by
        return_key,
        source_key,
        area_code,
        area_version_key,
        area_name_en,
        area_name_cy,
        area_type,
        period_key,
        period_start,
        period_end
),

rated as (
    select
        *,
        {{ quotient_status(
            part_of_whole_pct('active_offers_made', 'eligible'), ['eligible_status', 'active_offers_made_status']
        ) }} as rate_status
    from pivoted
)

select
    return_key,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    period_key,
    period_start,
    period_end,
    eligible,
    eligible_status,
    active_offers_made,
    active_offers_made_status,
    active_offers_accepted,
    active_offers_accepted_status,
    -- of a sum that lacks rows or areas there is no rate
    cast(
        case when rate_status = 'derived' and eligible >= 10 then {{ part_of_whole_pct('active_offers_made', 'eligible') }} end
        as double
    ) as offer_rate_pct,
    case
        when rate_status = 'derived' and eligible > 0 and eligible < 10 then 'suppressed'
        else rate_status
    end as offer_rate_pct_status,
    area_type <> 'local_authority' as is_total,
    adds_to,
    coalesce(total_basis, case when area_type <> 'local_authority' then 'sum' end) as total_basis,
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
from rated
