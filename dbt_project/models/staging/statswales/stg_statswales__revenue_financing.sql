-- Financing of gross revenue expenditure by authority. Cyllido gwariant refeniw gros yn ôl awdurdod.
{{ stage_statswales(
    'revenue_financing',
    breakdowns=['source_of_funding'],
) }}
