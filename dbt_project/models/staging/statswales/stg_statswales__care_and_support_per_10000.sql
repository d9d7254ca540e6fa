-- Children receiving care and support per 10,000 population aged under 18 by local authority. Plant sy’n derbyn gofal a chymorth fesul 10,000 o’r boblogaeth dan 18 oed yn ôl awdurdod lleol.
{{ stage_statswales(
    'care_and_support_per_10000',
) }}
