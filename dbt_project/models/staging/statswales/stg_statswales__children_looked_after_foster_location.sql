-- Children looked after in foster placements on 31 March by location of placement. Plant sy’n derbyn gofal mewn lleoliadau maeth ar 31 Mawrth yn ôl lleoliad.
{{ stage_statswales(
    'children_looked_after_foster_location',
    measure_breakdowns=['location'],
) }}
