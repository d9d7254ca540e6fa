-- Revenue outturn expenditure summary by service. Crynodeb o wariant alldro refeniw yn ôl gwasanaeth.
{{ stage_statswales(
    'revenue_outturn_summary',
    breakdowns=['service', 'expenditure_basis'],
) }}
