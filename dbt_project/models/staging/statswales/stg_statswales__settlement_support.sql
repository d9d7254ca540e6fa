-- Standard Spending Assessments and central government support. Asesiadau o Wariant Safonol a chymorth y llywodraeth ganolog.
{{ stage_statswales(
    'settlement_support',
    breakdowns=['type_of_support'],
) }}
