-- Disabilities of children receiving care and support by child status and component. Anableddau plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn a chydran.
{{ stage_statswales(
    'care_and_support_disabilities',
    breakdowns=['child_status', 'component'],
) }}
