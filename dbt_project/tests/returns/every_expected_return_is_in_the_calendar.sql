-- Every return that is expected stands in the calendar once, whatever became of it.
select
    expected.return_key,
    expected.area_code,
    expected.period_key
from {{ ref('stg_returns__expected') }} as expected
left join {{ ref('return_calendar') }} as calendar
    on
        expected.return_key = calendar.return_key
        and expected.area_code = calendar.area_code
        and expected.period_key = calendar.period_key
group by expected.return_key, expected.area_code, expected.period_key
having count(calendar.return_key) <> 1
