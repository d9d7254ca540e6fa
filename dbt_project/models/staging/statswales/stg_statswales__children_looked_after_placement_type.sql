-- Children looked after on 31 March by placement type. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl math o leoliad.
{{ stage_statswales(
    'children_looked_after_placement_type',
    measure_breakdowns=['placement_type'],
) }}
