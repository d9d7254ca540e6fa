-- Fostering services: approved foster carers, places and placements. Gwasanaethau maethu: gofalwyr maeth cymeradwy, lleoedd a lleoliadau.
{{ stage_statswales(
    'fostering_services',
) }}
