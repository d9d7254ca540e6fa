-- No measure is defined twice: by the dataset registry, and by hand as one that the warehouse works out.
select registered.measure_key
from {{ source('lake', 'registry_measures') }} as registered
inner join {{ ref('measures') }} as computed on registered.measure_key = computed.measure_key
