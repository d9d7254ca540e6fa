-- Children looked after on 31 March by ethnicity. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl ethnigrwydd.
{{ stage_statswales(
    'children_looked_after_ethnicity',
    measure_breakdowns=['ethnicity'],
) }}
