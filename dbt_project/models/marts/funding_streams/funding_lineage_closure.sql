-- Grain: stream_key × successor_key. Everything that became of a stream, one step away or more; `is_ultimate` is what became
-- of it at last. Steps are unrolled, for not every engine has recursion: a way of `most_steps` is longer than any may be,
-- and a stream that follows itself is a circle. Tests refuse both.
{%- set most_steps = 8 %}
with
links as (
    select
        predecessor_key,
        successor_key,
        effective_date,
        money_visible_after,
        value_status_after,
        known_from
    from {{ ref('funding_lineage') }}
),

steps_1 as (
    select
        predecessor_key as stream_key,
        successor_key,
        cast(1 as bigint) as steps,
        effective_date as first_effective_date,
        effective_date as last_effective_date,
        money_visible_after,
        value_status_after,
        known_from
    from links
),

{% for step in range(2, most_steps + 1) -%}
    steps_{{ step }} as (
        select distinct
            before.stream_key,
            links.successor_key,
            cast({{ step }} as bigint) as steps,
            before.first_effective_date,
            links.effective_date as last_effective_date,
            before.money_visible_after and links.money_visible_after as money_visible_after,
            -- what can no longer be seen does not come into sight again
            case
                when before.money_visible_after then links.value_status_after else before.value_status_after
            end as value_status_after,
            greatest(before.known_from, links.known_from) as known_from
        from steps_{{ step - 1 }} as before
        inner join links on before.successor_key = links.predecessor_key
    ),

{% endfor -%}
ways as (
    {% for step in range(1, most_steps + 1) -%}
        select * from steps_{{ step }}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

measured as (
    select
        *,
        min(steps) over (partition by stream_key, successor_key) as shortest
    from ways
),

-- of several ways to one successor the days are those of the shortest; money is seen if it is on one of them
reached as (
    select
        stream_key,
        successor_key,
        min(steps) as steps,
        max(steps) as most_steps,
        min(case when steps = shortest then first_effective_date end) as first_effective_date,
        max(case when steps = shortest then last_effective_date end) as last_effective_date,
        max(case when money_visible_after then 1 else 0 end) = 1 as money_visible_after,
        max(case when not money_visible_after then value_status_after end) as value_status_if_hidden,
        max(known_from) as known_from
    from measured
    group by stream_key, successor_key
),

last_ones as (
    select
        reached.*,
        onward.predecessor_key is null as is_ultimate
    from reached
    left join (select distinct predecessor_key from links) as onward on reached.successor_key = onward.predecessor_key
),

-- a former name has no row among the streams
names as (
    select distinct
        predecessor_key as stream_key,
        predecessor_name_en as name_en,
        predecessor_name_cy as name_cy
    from {{ ref('funding_lineage') }}
)

select
    last_ones.stream_key,
    names.name_en as stream_name_en,
    names.name_cy as stream_name_cy,
    last_ones.successor_key,
    successors.name_en as successor_name_en,
    successors.name_cy as successor_name_cy,
    last_ones.is_ultimate,
    last_ones.steps,
    last_ones.most_steps,
    last_ones.first_effective_date,
    last_ones.last_effective_date,
    last_ones.money_visible_after,
    case
        when last_ones.money_visible_after then 'not_applicable' else last_ones.value_status_if_hidden
    end as value_status_after,
    'reference' as source_key,
    last_ones.known_from,
    cast(null as timestamp) as known_to,
    last_ones.known_from as loaded_at,
    'public' as audience,
    last_ones.known_from as release_at,
    false as is_synthetic
from last_ones
inner join names on last_ones.stream_key = names.stream_key
left join {{ ref('funding_streams') }} as successors on last_ones.successor_key = successors.stream_key
