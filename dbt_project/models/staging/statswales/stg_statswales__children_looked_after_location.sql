-- Children looked after on 31 March by location of placement. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl lleoliad.
{{ stage_statswales(
    'children_looked_after_location',
    measure_breakdowns=['location'],
) }}
