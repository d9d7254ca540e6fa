-- A label in each language for every breakdown member that stands in the data: ours where we keep one, else the
-- registry's or the source's own (which may lack a language: a warning, not ours to invent), but ages are read from
-- their key.
with breakdowns as (
    select distinct breakdown from {{ ref('int_observation_intervals') }}
    where breakdown <> 'all'
),

pieces as (
    select
        breakdown,
        piece_no,
        {{ extract('piece', '^([^=]*)=') }} as breakdown_key,
        {{ extract('piece', '=(.*)$') }} as member_key
    from {{ split_rows('breakdowns', ['breakdown'], 'breakdown', '; ') }} as split
),

spelled as (
    -- sources that share a key may word it each in its own way: one wording, of both languages, and Welsh before none
    select
        role as breakdown_key,
        member_key,
        label_en,
        label_cy,
        row_number() over (
            partition by role, member_key
            order by case when label_cy is null then 1 else 0 end asc, label_en asc nulls last, label_cy asc nulls last
        ) as choice
    from {{ ref('stg_lake__spellings') }}
    where breakdown is not null
),

numbered as (
    select
        *,
        case when breakdown_key = 'age' then {{ extract('member_key', '^(\\d+)(_and_over)?$') }} end as age,
        coalesce(member_key like '%!_and!_over' escape '!', false) as is_open
    from pieces
)

select
    numbered.breakdown,
    numbered.piece_no,
    numbered.breakdown_key,
    numbered.member_key,
    coalesce(
        kept.label_en,
        case
            when numbered.age is not null and numbered.is_open then numbered.age || ' and over'
            when numbered.age = '0' then 'Under 1'
            when numbered.age is not null then 'Aged ' || numbered.age
        end,
        spelled.label_en,
        numbered.member_key
    ) as label_en,
    coalesce(
        kept.label_cy,
        case
            when numbered.age is not null and numbered.is_open then numbered.age || ' oed a throsodd'
            when numbered.age = '0' then 'Dan 1 oed'
            when numbered.age is not null then numbered.age || ' oed'
        end,
        spelled.label_cy
    ) as label_cy
from numbered
left join {{ ref('breakdown_labels') }} as kept
    on numbered.breakdown_key = kept.breakdown_key and numbered.member_key = kept.member_key
left join spelled
    on
        numbered.breakdown_key = spelled.breakdown_key
        and numbered.member_key = spelled.member_key
        and spelled.choice = 1
