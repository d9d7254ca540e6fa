-- Grain: area_code × financial_year. What is to be read beside any change in the number of children in care: a fall is not
-- by itself success.
with
stocks as (
    select
        *,
        {{ financial_year('snapshot_date') }} as financial_year
    from {{ ref('children_looked_after') }}
    where is_headline
),

held as (
    select
        companions.*,
        {{ date_of("cast(substr(companions.financial_year, 1, 4) as integer)", 4, 1) }} as period_start,
        {{ date_of("cast(substr(companions.financial_year, 1, 4) as integer) + 1", 3, 31) }} as period_end
    from {{ ref('int_safety_companions') }} as companions
)

select
    held.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    stocks.coverage_en,
    stocks.coverage_cy,
    held.financial_year,
    held.period_start,
    held.period_end,
    cast(stocks.change_n as bigint) as children_change_n,
    coalesce(stocks.change_n_status, 'not_available') as children_change_n_status,
    {{ safety_companion_columns('held') }},
    'safety_companions' as series_id,
    areas.area_type = 'country' as is_total,
    case when areas.area_type = 'country' then coalesce(stocks.total_basis, 'published') end as total_basis,
    case when areas.area_type <> 'country' then 'W92000004' end as adds_to,
    stocks.areas_reporting,
    stocks.areas_expected,
    stocks.source_key,
    {{ revision_status_of(['stocks.revision_status', 'held.revision_status']) }} as revision_status,
    {{ latest_of(['stocks.known_from', 'held.known_from']) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of(['stocks.loaded_at', 'held.loaded_at']) }} as loaded_at,
    'public' as audience,
    {{ latest_of(['stocks.known_from', 'held.known_from']) }} as release_at,
    coalesce(stocks.is_synthetic, false) or held.is_synthetic as is_synthetic
from held
inner join {{ ref('int_area_versions') }} as areas
    on
        held.area_code = areas.area_code
        and held.period_end >= areas.applies_from
        and held.period_end < areas.applies_to
left join stocks
    on
        held.area_code = stocks.area_code
        and held.financial_year = stocks.financial_year
