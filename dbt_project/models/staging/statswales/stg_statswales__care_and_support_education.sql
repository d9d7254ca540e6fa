-- Education of children receiving care and support by child status, gender and local authority. Addysg plant sy’n derbyn gofal a chymorth yn ôl statws y plentyn, rhyw ac awdurdod lleol.
{{ stage_statswales(
    'care_and_support_education',
    breakdowns=['child_status', 'gender', 'component'],
) }}
