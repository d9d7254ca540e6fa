-- Which regions' reports on outcomes of half a year came in time, in the order of their names.
select
    period_key, area_name_en, area_name_cy, due_date, first_received_at, days_late, status, status_en, status_cy,
    is_synthetic
from accountability.return_calendar
where return_key = 'icf_outcomes_six_monthly' and period_key = '2019-20 H1'
order by area_name_en
