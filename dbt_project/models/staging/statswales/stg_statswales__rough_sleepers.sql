-- Rough sleepers by local authority. Pobl sy’n cysgu allan yn ôl awdurdod lleol.
{{ stage_statswales(
    'rough_sleepers',
    measure_breakdowns=['data_description'],
) }}
