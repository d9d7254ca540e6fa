{{ config(materialized='view') }}
-- Grain: measure_key × area_code × period_key × breakdown × source_key. What every source says now, statistics and
-- documents alike, and which of them is to be quoted (`place` 1): a plain statement before a loose one or a plan, a real
-- figure before a synthetic one, a statistic before a document that names no release, the latest release first, and
-- within one release the less rounded. A view: a mart asks for a measure or two, and pays for those only.
-- One that joins what it asks for asks int_current_statements: a join is not pushed below a window function.
with statements as (
    {{ current_statements() }}
)

select
    statements.*,
    {{ place_to_quote('statements') }} as place
from statements
