-- Children receiving care and support by child status. Plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn.
{{ stage_statswales(
    'care_and_support_child_status',
    breakdowns=['child_status'],
    measure_breakdowns=['data_description'],
) }}
