-- Social services revenue outturn expenditure by authority and client group. Gwariant alldro refeniw gwasanaethau cymdeithasol yn ôl awdurdod a grŵp cleientiaid.
{{ stage_statswales(
    'social_services_revenue_outturn',
    breakdowns=['service', 'expenditure_basis'],
) }}
