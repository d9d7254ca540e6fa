-- Periods that a figure could be about, whether or not one is there yet, and every period that one is about.
with years as (
    select n as year_no from {{ numbers(1990, 2049) }} as numbered
),

kinds as (
    select
        'financial_year' as period_kind,
        {{ financial_year(date_of('year_no', 4, 1)) }} as period_key,
        {{ date_of('year_no', 4, 1) }} as period_start,
        {{ date_of('(year_no + 1)', 3, 31) }} as period_end
    from years
    union all
    select
        'financial_year_end',
        cast({{ date_of('year_no', 3, 31) }} as {{ dbt.type_string() }}),
        {{ date_of('year_no', 3, 31) }},
        {{ date_of('year_no', 3, 31) }}
    from years
    union all
    select
        'calendar_year',
        cast(year_no as {{ dbt.type_string() }}),
        {{ date_of('year_no', 1, 1) }},
        {{ date_of('year_no', 12, 31) }}
    from years
    union all
    select
        'mid_year',
        cast({{ date_of('year_no', 6, 30) }} as {{ dbt.type_string() }}),
        {{ date_of('year_no', 6, 30) }},
        {{ date_of('year_no', 6, 30) }}
    from years
    union all
    select
        'school_year',
        replace({{ financial_year(date_of('year_no', 4, 1)) }}, '-', '/'),
        {{ date_of('year_no', 9, 1) }},
        {{ date_of('(year_no + 1)', 8, 31) }}
    from years
    {% for quarter in range(1, 5) -%}
        {%- set first = 3 * quarter + 1 if quarter < 4 else 1 -%}
        {%- set year_no = 'year_no' if quarter < 4 else '(year_no + 1)' -%}
        union all
        select
            'quarter',
            {{ financial_year(date_of('year_no', 4, 1)) }} || ' Q{{ quarter }}',
            {{ date_of(year_no, first, 1) }},
            {{ date_of(year_no, first + 2, 31 if quarter in (3, 4) else 30) }}
        from years
    {% endfor -%}
    union all
    select
        'half_year',
        {{ financial_year(date_of('year_no', 4, 1)) }} || ' H1',
        {{ date_of('year_no', 4, 1) }},
        {{ date_of('year_no', 9, 30) }}
    from years
    union all
    select
        'half_year',
        {{ financial_year(date_of('year_no', 4, 1)) }} || ' H2',
        {{ date_of('year_no', 10, 1) }},
        {{ date_of('(year_no + 1)', 3, 31) }}
    from years
    union all
    select distinct
        period_kind,
        period_key,
        period_start,
        period_end
    from {{ ref('int_observation_intervals') }}
),

-- 30 June as the date of a mid-year estimate and as any other day have one key
periods as (
    select
        period_key,
        min({{ period_type('period_kind') }}) as period_type,
        period_start,
        period_end
    from kinds
    group by period_key, period_start, period_end
)

select
    period_key,
    period_type,
    case period_type
        when 'snapshot' then {{ long_date('period_end', 'en') }}
        when 'mid_year' then 'mid-' || cast(year(period_end) as {{ dbt.type_string() }})
        when 'school_year' then 'school year ' || period_key
        when 'month' then {{ month_and_year('period_end', 'en') }}
        when 'rolling_year' then 'year to ' || {{ long_date('period_end', 'en') }}
        when 'half_year'
            then case when period_key like '%H1' then 'First half of ' else 'Second half of ' end || substr(period_key, 1, 7)
        else period_key
    end as label_en,
    case period_type
        when 'snapshot' then {{ long_date('period_end', 'cy') }}
        when 'mid_year' then 'canol ' || cast(year(period_end) as {{ dbt.type_string() }})
        when 'school_year' then 'blwyddyn ysgol ' || period_key
        when 'month' then {{ month_and_year('period_end', 'cy') }}
        when 'rolling_year' then 'blwyddyn hyd at ' || {{ long_date('period_end', 'cy') }}
        when 'half_year'
            then case when period_key like '%H1' then 'Hanner cyntaf ' else 'Hanner olaf ' end || substr(period_key, 1, 7)
        when 'quarter' then replace(period_key, 'Q', 'Ch')
        when 'calendar_quarter' then replace(period_key, 'Q', 'Ch')
        else period_key
    end as label_cy,
    period_start,
    period_end
from periods
