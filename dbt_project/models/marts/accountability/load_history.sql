-- Grain: source_key × load_id × run_id × outcome × landed_at: an event of the load manifest.
-- An event that a repeated stage recorded twice stands once.
with
events as (
    select
        *,
        row_number() over (
            partition by source_key, load_id, run_id, outcome, landed_at order by message_en, message_cy
        ) as repetition
    from {{ source('lake', 'loads') }}
)

select
    load_id,
    source_key,
    run_id,
    landed_at,
    landed_at as loaded_at,
    known_from,
    outcome,
    cast(rows as bigint) as rows,
    landed_sha256,
    message_en || ' / ' || message_cy as message,
    message_en,
    message_cy,
    'official' as audience,
    landed_at as release_at,
    is_synthetic
from events
where repetition = 1
