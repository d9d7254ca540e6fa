-- Children looked after on 31 March by legal status. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl statws cyfreithiol.
{{ stage_statswales(
    'children_looked_after_legal_status',
    measure_breakdowns=['legal_status'],
) }}
