-- At every moment, each area and date of which a plain figure is known has exactly one headline.
with
moments as (
    select distinct known_from as moment from {{ ref('children_looked_after_as_known') }}
)

select
    moments.moment,
    figures.area_code,
    figures.snapshot_date,
    sum(case when figures.is_headline then 1 else 0 end) as headlines
from moments
inner join {{ ref('children_looked_after_as_known') }} as figures
    on
        moments.moment >= figures.known_from
        and (figures.known_to is null or moments.moment < figures.known_to)
group by moments.moment, figures.area_code, figures.snapshot_date
having
    sum(case when figures.is_headline then 1 else 0 end) <> 1
    and (
        sum(case when figures.is_headline then 1 else 0 end) > 1
        or sum(
            case when figures.qualifier is null and coalesce(figures.note_codes, '') not like '%f%' then 1 else 0 end
        )
        > 0
    )
