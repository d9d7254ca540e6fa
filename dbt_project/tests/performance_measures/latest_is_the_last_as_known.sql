-- The mart of the latest vintage says what the last interval of the as-known one says, row for row.
select
    coalesce(latest.area_code, as_known.area_code) as area_code,
    coalesce(latest.snapshot_date, as_known.snapshot_date) as snapshot_date,
    coalesce(latest.source_key, as_known.source_key) as source_key
from {{ ref('children_looked_after') }} as latest
full outer join (
    select * from {{ ref('children_looked_after_as_known') }}
    where known_to is null
) as as_known
    on
        latest.area_code = as_known.area_code
        and latest.snapshot_date = as_known.snapshot_date
        and latest.source_key = as_known.source_key
where
    latest.area_code is null
    or as_known.area_code is null
    or latest.children is distinct from as_known.children
    or latest.is_headline <> as_known.is_headline
    or latest.rate_per_10000 is distinct from as_known.rate_per_10000
