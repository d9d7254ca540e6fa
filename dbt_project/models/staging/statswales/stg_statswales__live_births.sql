-- Live births in Wales by data source. Genedigaethau byw yng Nghymru yn ôl ffynhonnell data.
{{ stage_statswales(
    'live_births',
    breakdowns=['data_source'],
) }}
