-- Grain: vintage_no × financial_year. An index that stops before the forecasts is carried on by their percentages.
with
typed as (
    select
        vintages.source_key,
        vintages.vintage_no,
        raw.financial_year,
        raw.price_base_year,
        {{ to_number('raw.deflator') }} as printed,
        {{ to_number('raw.change_pct') }} as change_pct,
        raw.is_forecast = 'true' as is_forecast,
        vintages.known_from,
        vintages.known_to,
        vintages.landed_at as loaded_at,
        vintages.is_synthetic,
        raw._load_id as load_id,
        raw._landed_sha256 as landed_sha256,
        raw._source_row as source_row
    from {{ source('lake', 'raw_gdp_deflators') }} as raw
    inner join {{ ref('stg_lake__vintages') }} as vintages
        on raw._load_id = vintages.load_id and vintages.source_key = 'gdp_deflators'
),

ends as (
    select
        *,
        max(case when printed is not null then financial_year end) over (partition by vintage_no) as last_printed_year
    from typed
),

carried as (
    select
        *,
        max(case when financial_year = last_printed_year then printed end) over (partition by vintage_no) as last_printed,
        exp(sum(case when printed is null and change_pct > -100 then ln(1.0 + change_pct / 100.0) else 0.0 end) over (
            partition by vintage_no
            order by financial_year
            rows between unbounded preceding and current row
        )) as growth_since
    from ends
),

indexed as (
    select
        *,
        -- a logarithm and back is not quite exact
        coalesce(printed, round(last_printed * growth_since, 9)) as deflator
    from carried
)

select
    source_key,
    vintage_no,
    financial_year,
    price_base_year,
    deflator,
    max(case when financial_year = price_base_year then deflator end) over (partition by vintage_no) as base_deflator,
    change_pct,
    is_forecast,
    known_from,
    known_to,
    loaded_at,
    is_synthetic,
    load_id,
    landed_sha256,
    source_row
from indexed
