-- Health of children receiving care and support by child status, gender and component. Iechyd plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn, rhyw a chydran.
{{ stage_statswales(
    'care_and_support_health',
    breakdowns=['child_status', 'gender', 'component'],
) }}
