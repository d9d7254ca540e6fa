-- Children receiving care and support by child status, category of need and disability. Plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn, categori angen ac anabledd.
{{ stage_statswales(
    'care_and_support_need_disability',
    breakdowns=['need', 'disability'],
    measure_breakdowns=['child_status'],
) }}
