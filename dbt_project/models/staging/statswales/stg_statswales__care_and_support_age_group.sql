-- Children receiving care and support by child status and age group. Plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn a grŵp oedran.
{{ stage_statswales(
    'care_and_support_age_group',
    breakdowns=['child_status', 'age_group'],
    measure_breakdowns=['data_description'],
) }}
