-- Children looked after on 31 March per 10,000 population aged under 18 by local authority. Plant sy’n derbyn gofal ar 31 Mawrth fesul 10,000 o’r boblogaeth dan 18 oed yn ôl awdurdod lleol.
{{ stage_statswales(
    'children_looked_after_per_10000',
) }}
