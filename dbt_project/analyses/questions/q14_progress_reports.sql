-- Progress reports on the reductions: how many are expected of each period, received, late and overdue.
select
    return_key, period_key, due_date,
    count(*) as reports,
    sum(case when accepted_at is not null then 1 else 0 end) as accepted,
    sum(case when days_late > 0 then 1 else 0 end) as late,
    sum(case when status = 'overdue' then 1 else 0 end) as overdue,
    max(days_late) as most_days_late
from accountability.return_calendar
where return_key like 're_progress%' and is_required and status <> 'not_collected'
group by return_key, period_key, due_date
order by return_key, period_key
