-- Children’s services: Continued care summary. Gwasanaethau plant: Crynodeb o ofal parhaus.
{{ stage_statswales(
    'placement_weeks_and_costs',
    measure_breakdowns=['placement_type'],
) }}
