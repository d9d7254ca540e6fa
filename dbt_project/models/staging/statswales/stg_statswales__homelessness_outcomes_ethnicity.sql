-- Households for which assistance has been provided by outcome and ethnic group of applicant. Aelwydydd y darparwyd cymorth iddynt yn ôl canlyniad a grŵp ethnig yr ymgeisydd.
{{ stage_statswales(
    'homelessness_outcomes_ethnicity',
    breakdowns=['outcome'],
    measure_breakdowns=['ethnicity'],
) }}
