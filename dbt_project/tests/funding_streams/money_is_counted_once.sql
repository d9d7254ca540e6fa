-- Of one award at most one statement counts and exactly one is quoted, or none where no statement gives an amount; nothing
-- counts that is, or may be, part of another; every whole is an award that stands here, and no award is part of itself.
with awards as (
    select
        canonical_award_key,
        sum(case when counts_towards_total then 1 else 0 end) as counting,
        sum(case when is_quoted then 1 else 0 end) as quoted,
        max(case when amount_gbp is not null then 1 else 0 end) as to_be_quoted
    from {{ ref('funding_awards') }}
    group by canonical_award_key
)

select
    canonical_award_key,
    'more than one statement counts' as problem
from awards
where counting > 1

union all

select
    canonical_award_key,
    'not exactly one statement with an amount is quoted' as problem
from awards
where quoted <> to_be_quoted

union all

select
    awards.canonical_award_key,
    'a part counts beside its whole' as problem
from awards
inner join {{ ref('funding_award_parts') }} as parts on awards.canonical_award_key = parts.canonical_award_key
where awards.counting > 0

union all

select
    parts.canonical_award_key,
    'an award that is part of another, or that other, does not stand here' as problem
from {{ ref('funding_award_parts') }} as parts
left join awards on parts.canonical_award_key = awards.canonical_award_key
left join awards as wholes on parts.parent_award_key = wholes.canonical_award_key
where
    awards.canonical_award_key is null
    or wholes.canonical_award_key is null
    or parts.canonical_award_key = parts.parent_award_key
