-- Children receiving care and support by age group, gender, child status and ethnicity. Plant sy’n derbyn gofal a chymorth yn ôl grŵp oedran, rhyw, statws y plentyn ac ethnigrwydd.
{{ stage_statswales(
    'care_and_support_age_ethnicity',
    breakdowns=['age_group', 'gender', 'ethnicity'],
    measure_breakdowns=['child_status'],
) }}
