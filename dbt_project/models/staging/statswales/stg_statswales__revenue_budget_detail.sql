-- Budgeted revenue expenditure by service detail. Gwariant refeniw wedi’i gyllidebu yn ôl manylion gwasanaeth.
{{ stage_statswales(
    'revenue_budget_detail',
    breakdowns=['service', 'expenditure_basis'],
) }}
