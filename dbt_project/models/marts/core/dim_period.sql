-- Periods that a figure could be about, whether or not one is there yet, and every period that one is about.
with years as (
    select n as year_no from {{ numbers(1990, 2049) }} as numbered
),

kinds as (
    select
        'financial_year' as period_kind,
        {{ date_of('year_no', 3, 31) }} as period_end
    from years
    union all
    select
        'financial_year_end',
        {{ date_of('year_no', 3, 31) }}
    from years
    union all
    select
        'calendar_year',
        {{ date_of('year_no', 12, 31) }}
    from years
    union all
    select
        'mid_year',
        {{ date_of('year_no', 6, 30) }}
    from years
    union all
    select distinct
        period_kind,
        period_end
    from {{ ref('int_observation_intervals') }}
),

periods as (
    select
        {{ period_key('period_kind', 'period_end') }} as period_key,
        {{ period_type('period_kind') }} as period_type,
        {{ period_start('period_kind', 'period_end') }} as period_start,
        period_end
    from kinds
),

-- 30 June as the date of a mid-year estimate and as any other day have one key
distinct_periods as (
    select
        period_key,
        period_start,
        period_end,
        min(period_type) as period_type
    from periods
    group by period_key, period_start, period_end
)

select
    period_key,
    period_type,
    case period_type
        when 'snapshot' then {{ long_date('period_end', 'en') }}
        when 'mid_year' then 'mid-' || cast(year(period_end) as {{ dbt.type_string() }})
        else period_key
    end as label_en,
    case period_type
        when 'snapshot' then {{ long_date('period_end', 'cy') }}
        when 'mid_year' then 'canol ' || cast(year(period_end) as {{ dbt.type_string() }})
        else period_key
    end as label_cy,
    period_start,
    period_end
from distinct_periods

union all

{% for quarter in range(1, 5) %}
    {%- set first = 3 * quarter + 1 if quarter < 4 else 1 -%}
    {%- set year_no = 'year_no' if quarter < 4 else '(year_no + 1)' -%}
    select
        {{ financial_year(date_of(year_no, first, 1)) }} || ' Q{{ quarter }}' as period_key,
        'quarter' as period_type,
        {{ financial_year(date_of(year_no, first, 1)) }} || ' Q{{ quarter }}' as label_en,
        {{ financial_year(date_of(year_no, first, 1)) }} || ' Ch{{ quarter }}' as label_cy,
        {{ date_of(year_no, first, 1) }} as period_start,
        {{ date_of(year_no, first + 2, [30, 30, 31, 31][quarter - 1] if quarter != 2 else 30) }} as period_end
    from years

    union all

{% endfor %}
select
    cast(year_no as {{ dbt.type_string() }})
    || '/'
    || substr(cast(year_no + 1 as {{ dbt.type_string() }}), 3, 2) as period_key,
    'school_year' as period_type,
    'school year '
    || cast(year_no as {{ dbt.type_string() }})
    || '/'
    || substr(cast(year_no + 1 as {{ dbt.type_string() }}), 3, 2) as label_en,
    'blwyddyn ysgol '
    || cast(year_no as {{ dbt.type_string() }})
    || '/'
    || substr(cast(year_no + 1 as {{ dbt.type_string() }}), 3, 2) as label_cy,
    {{ date_of('year_no', 9, 1) }} as period_start,
    {{ date_of('(year_no + 1)', 8, 31) }} as period_end
from years
