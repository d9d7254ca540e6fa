-- Grain: area_code × financial_year. How far one family could have moved the number of children in care (rule R7). No source
-- counts sibling groups yet, so what can be said is whether the number is small enough for one to matter.
with
stocks as (
    select
        *,
        {{ financial_year('snapshot_date') }} as financial_year
    from {{ ref('children_looked_after') }}
    where is_headline
)

select
    stocks.area_code,
    stocks.area_version_key,
    stocks.area_name_en,
    stocks.area_name_cy,
    stocks.coverage_en,
    stocks.coverage_cy,
    stocks.financial_year,
    stocks.snapshot_date,
    cast(stocks.change_n as bigint) as change_n,
    stocks.change_n_status,
    cast(null as bigint) as largest_sibling_group_n,
    'not_collected' as largest_sibling_group_n_status,
    cast(null as double) as share_of_change_pct,
    'not_collected' as share_of_change_pct_status,
    stocks.small_number_flag,
    {{ safety_companion_columns('companions') }},
    stocks.measure_version_key,
    stocks.series_id,
    stocks.is_total,
    stocks.adds_to,
    stocks.total_basis,
    stocks.areas_reporting,
    stocks.areas_expected,
    stocks.qualifier,
    stocks.population_definition_en,
    stocks.population_definition_cy,
    stocks.source_key,
    {{ revision_status_of(['stocks.revision_status', 'companions.revision_status']) }} as revision_status,
    {{ latest_of(['stocks.known_from', 'companions.known_from']) }} as known_from,
    stocks.known_to,
    {{ latest_of(['stocks.loaded_at', 'companions.loaded_at']) }} as loaded_at,
    'public' as audience,
    {{ latest_of(['stocks.known_from', 'companions.known_from']) }} as release_at,
    stocks.is_synthetic or coalesce(companions.is_synthetic, false) as is_synthetic
from stocks
left join {{ ref('int_safety_companions') }} as companions
    on
        stocks.area_code = companions.area_code
        and stocks.financial_year = companions.financial_year
