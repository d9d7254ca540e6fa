-- Of one source, area and date the kinds of placement, and the places, add up to all children looked after, but for
-- rounding. `away_from_family` is no part. Where the source names kinds that nobody has placed here yet, the rest may fall
-- short of the whole, but not beyond it; where one is suppressed nothing can be said.
with
kinds as (
    select
        counts.source_key,
        counts.area_code,
        counts.snapshot_date,
        counts.kind,
        sum(counts.children) as children,
        count(*) as parts,
        sum(case when counts.children is null then 1 else 0 end) as without_value
    from {{ ref('int_placement_counts') }} as counts
    where counts.measure_key = 'children_looked_after' and counts.code <> 'away_from_family'
    group by counts.source_key, counts.area_code, counts.snapshot_date, counts.kind
),

named as (
    select
        source_key,
        area_code,
        period_end as snapshot_date,
        case when breakdown like 'placement_type=%' then 'placement_type' else 'location' end as kind,
        count(*) as parts
    from {{ ref('int_current_values') }}
    where
        measure_key = 'children_looked_after'
        and (breakdown like 'placement_type=%' or breakdown like 'location=%')
        and breakdown not like '%; %'
        and source_kind = 'statistic'
    group by
        source_key,
        area_code,
        period_end,
        case when breakdown like 'placement_type=%' then 'placement_type' else 'location' end
)

select
    kinds.source_key,
    kinds.area_code,
    kinds.snapshot_date,
    kinds.kind,
    kinds.children,
    totals.children as all_children
from kinds
inner join named
    on
        kinds.source_key = named.source_key
        and kinds.area_code = named.area_code
        and kinds.snapshot_date = named.snapshot_date
        and kinds.kind = named.kind
inner join {{ ref('children_looked_after') }} as totals
    on
        kinds.source_key = totals.source_key
        and kinds.area_code = totals.area_code
        and kinds.snapshot_date = totals.snapshot_date
where
    kinds.without_value = 0
    and (
        kinds.children > totals.children + 2.5 * (kinds.parts + 1)
        or (kinds.parts = named.parts and kinds.children < totals.children - 2.5 * (kinds.parts + 1))
    )
