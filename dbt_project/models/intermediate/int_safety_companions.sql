-- Grain: area_code × financial_year. What is to be read beside any change in the number of children in care (rule R2):
-- one row wherever a count, or one of the companions, is held. Nothing is derived, so figures of several sources may
-- stand side by side; each says its status.
with
re_registrations as (
    select
        area_code,
        financial_year,
        value,
        value_status,
        unit,
        series_id,
        known_from,
        loaded_at,
        revision_status,
        is_synthetic,
        row_number() over (
            partition by area_code, financial_year
            order by case when framework = 'performance_and_improvement' then 0 else 1 end, official_code
        ) as place
    from {{ ref('social_services_performance_measures') }}
    where official_code in ('PM27', 'CH/029')
),

placed as (
    select
        area_code,
        {{ financial_year('period_end') }} as financial_year,
        value,
        value_status,
        known_from,
        loaded_at,
        revision_status,
        is_synthetic
    from {{ ref('int_current_values') }}
    where
        measure_key = 'children_looked_after'
        and breakdown = 'placement_type=placed_with_parents'
        and period_kind = 'financial_year_end'
        and figure_kind = 'actual'
        and place = 1
),

held as (
    select
        area_code,
        {{ financial_year('snapshot_date') }} as financial_year
    from {{ ref('int_children_looked_after_history') }}
    where is_headline and known_to is null
    union
    select
        area_code,
        financial_year
    from re_registrations
    union
    select
        area_code,
        financial_year
    from placed
)

select
    held.area_code,
    held.financial_year,
    re_registrations.value as re_registrations,
    coalesce(re_registrations.value_status, 'not_available') as re_registrations_status,
    re_registrations.unit as re_registrations_unit,
    re_registrations.series_id as re_registrations_series_id,
    cast(null as bigint) as returns_to_care,
    -- no source counts children who came back into care
    'not_collected' as returns_to_care_status,
    cast(placed.value as bigint) as placed_with_parents,
    coalesce(placed.value_status, 'not_available') as placed_with_parents_status,
    {{ latest_of(['re_registrations.known_from', 'placed.known_from']) }} as known_from,
    {{ latest_of(['re_registrations.loaded_at', 'placed.loaded_at']) }} as loaded_at,
    {{ revision_status_of(['re_registrations.revision_status', 'placed.revision_status']) }} as revision_status,
    coalesce(re_registrations.is_synthetic, false) or coalesce(placed.is_synthetic, false) as is_synthetic
from held
left join re_registrations
    on
        held.area_code = re_registrations.area_code
        and held.financial_year = re_registrations.financial_year
        and re_registrations.place = 1
left join placed on held.area_code = placed.area_code and held.financial_year = placed.financial_year
