-- Households found to be eligible, unintentionally homeless and in priority need during the year: Main reason for loss of last settled home by type of household (Section 75). Aelwydydd y canfuwyd eu bod yn gymwys, yn anfwriadol ddigartref ac mewn angen blaenoriaethol yn ystod y flwyddyn: Prif reswm dros golli’r cartref sefydlog diwethaf yn ôl math o aelwyd (Adran 75).
{{ stage_statswales(
    'homelessness_reasons_section_75',
    breakdowns=['reason'],
    measure_breakdowns=['household_type'],
) }}
