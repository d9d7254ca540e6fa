-- Revenue outturn expenditure by authority and service. Gwariant alldro refeniw yn ôl awdurdod a gwasanaeth.
{{ stage_statswales(
    'revenue_outturn',
    breakdowns=['service'],
) }}
