-- Children looked after on 31 March by gender and age group. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl rhyw a grŵp oedran.
{{ stage_statswales(
    'children_looked_after_gender_age',
    breakdowns=['age_group'],
    measure_breakdowns=['gender'],
) }}
