-- Parental factors of children receiving care and support by child status and component. Ffactorau rhieni plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn a chydran.
{{ stage_statswales(
    'care_and_support_parental_factors',
    breakdowns=['child_status', 'component'],
) }}
