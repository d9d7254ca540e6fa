-- Budgeted revenue expenditure by authority and service. Gwariant refeniw wedi’i gyllidebu yn ôl awdurdod a gwasanaeth.
{{ stage_statswales(
    'revenue_budget',
    breakdowns=['service'],
) }}
