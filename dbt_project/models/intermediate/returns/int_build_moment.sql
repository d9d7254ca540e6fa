-- One row: the moment that this build shows. What is released later than that is in no public mart; a snapshot that does
-- not say when it was frozen releases nothing.
select
    coalesce(max(coalesce(as_of, frozen_at)), cast('1900-01-01' as timestamp)) as built_at,
    coalesce(max(day), cast(max(coalesce(as_of, frozen_at)) as date), cast('1900-01-01' as date)) as built_on
from {{ source('lake', 'snapshot') }}
