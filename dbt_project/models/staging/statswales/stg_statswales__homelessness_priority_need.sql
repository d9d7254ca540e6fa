-- Households found to be eligible for assistance, unintentionally homeless and in priority need during the year: Categories of priority need by type of household (section 75). Aelwydydd y canfuwyd eu bod yn gymwys am gymorth, yn anfwriadol ddigartref ac mewn angen blaenoriaethol yn ystod y flwyddyn: Categorïau angen blaenoriaethol yn ôl math o aelwyd (adran 75).
{{ stage_statswales(
    'homelessness_priority_need',
    breakdowns=['priority'],
    measure_breakdowns=['household_type'],
) }}
