-- Households found to be threatened with homelessness during the year: Main reason for being threatened with homelessness by type of household (Section 66). Aelwydydd y canfuwyd eu bod dan fygythiad o ddigartrefedd yn ystod y flwyddyn: Prif reswm dros y bygythiad o ddigartrefedd yn ôl math o aelwyd (Adran 66).
{{ stage_statswales(
    'homelessness_reasons_section_66',
    breakdowns=['reason'],
    measure_breakdowns=['household_type'],
) }}
