-- Children receiving care and support by asylum seeker status, gender and looked after status. Plant sy’n derbyn gofal a chymorth yn ôl statws ceisio lloches, rhyw a statws derbyn gofal.
{{ stage_statswales(
    'care_and_support_asylum_seekers',
    breakdowns=['asylum_seeker', 'gender'],
    measure_breakdowns=['child_status'],
) }}
