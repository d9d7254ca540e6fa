-- Households for which assistance has been provided by outcome and household type. Aelwydydd y darparwyd cymorth iddynt yn ôl canlyniad a math o aelwyd.
{{ stage_statswales(
    'homelessness_outcomes_household',
    breakdowns=['outcome'],
    measure_breakdowns=['household_type'],
) }}
