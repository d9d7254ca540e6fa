-- Grain: day. Every day on which anything here could be: for BI tools that need one row a day, and for the metrics.
with years as (
    select n as year_no from {{ numbers(1990, 2049) }} as numbered
),

offsets as (
    select n as day_of_year from {{ numbers(1, 366) }} as numbered
),

days as (
    select
        years.year_no,
        cast(
            {{ dbt.dateadd('day', '(offsets.day_of_year - 1)', date_of('years.year_no', 1, 1)) }} as date
        ) as day
    from years
    cross join offsets
)

select
    day,
    {{ financial_year('day') }} as financial_year,
    month(day) = 3 and day(day) = 31 as is_snapshot_date,
    {{ long_date('day', 'en') }} as label_en,
    {{ long_date('day', 'cy') }} as label_cy
from days
where year(day) = year_no
