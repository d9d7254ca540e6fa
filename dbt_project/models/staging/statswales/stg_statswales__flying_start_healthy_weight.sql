-- Percentage of children in ‘healthy weight’ categories for children aged 4-5 years resident within Flying Start and non-Flying Start areas, by local authority. Canran y plant 4-5 oed yn y categorïau ‘pwysau iach’ sy’n byw mewn ardaloedd Dechrau’n Deg ac ardaloedd nad ydynt yn rhai Dechrau’n Deg, yn ôl awdurdod lleol.
{{ stage_statswales(
    'flying_start_healthy_weight',
    breakdowns=['flying_start_status'],
    measure_breakdowns=['data_description'],
) }}
