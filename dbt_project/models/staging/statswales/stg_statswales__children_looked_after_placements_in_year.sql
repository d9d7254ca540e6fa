-- Children looked after on 31 March by number of placements during the year. Plant sy’n derbyn gofal ar 31 Mawrth yn ôl nifer y lleoliadau yn ystod y flwyddyn.
{{ stage_statswales(
    'children_looked_after_placements_in_year',
    measure_breakdowns=['placements'],
) }}
