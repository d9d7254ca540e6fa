-- The vintages of a source in the order in which they replaced each other, and until when each was current. Most
-- replace the whole source (scope `all`); an import of exported files replaces the periods that its files hold.
with scoped as (
    select
        source_key,
        'all' as vintage_scope,
        vintage_no
    from {{ ref('stg_lake__vintages') }}
    where kind <> 'export'

    union all

    select distinct
        source_key,
        vintage_scope,
        vintage_no
    from {{ ref('int_observations') }}
    where vintage_scope <> 'all'
),

dated as (
    select
        vintages.source_key,
        scoped.vintage_scope,
        vintages.vintage_no,
        vintages.known_from,
        lead(vintages.known_from) over (
            partition by vintages.source_key, scoped.vintage_scope
            order by vintages.vintage_no
        ) as known_to,
        vintages.landed_at,
        vintages.load_id,
        vintages.landed_sha256,
        vintages.is_synthetic
    from scoped
    inner join {{ ref('stg_lake__vintages') }} as vintages
        on scoped.source_key = vintages.source_key and scoped.vintage_no = vintages.vintage_no
)

select
    *,
    row_number() over (partition by source_key, vintage_scope order by vintage_no) as vintage_position
from dated
-- what was superseded at the very moment at which it became known was never current to anybody: no part of history
where known_to is null or known_to > known_from
