-- Households for which assistance has been provided by outcome, age and gender. Aelwydydd y darparwyd cymorth iddynt yn ôl canlyniad, oedran a rhyw.
{{ stage_statswales(
    'homelessness_outcomes_age_gender',
    breakdowns=['outcome', 'age_group'],
    measure_breakdowns=['gender'],
) }}
