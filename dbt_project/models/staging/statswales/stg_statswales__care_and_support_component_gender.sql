-- Children receiving care and support by child status, gender and component. Plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn, rhyw a chydran.
{{ stage_statswales(
    'care_and_support_component_gender',
    breakdowns=['child_status', 'gender', 'component'],
) }}
