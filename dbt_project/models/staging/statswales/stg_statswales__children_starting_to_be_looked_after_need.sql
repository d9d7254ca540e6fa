-- Children starting to be looked after during the year to 31 March by category of need. Plant sy’n dechrau derbyn gofal yn ystod y flwyddyn hyd at 31 Mawrth yn ôl categori angen.
{{ stage_statswales(
    'children_starting_to_be_looked_after_need',
    measure_breakdowns=['need'],
) }}
