-- Households found to be eligible, homeless but not in a priority need or homeless, in a priority need but intentionally so during the year: Main reason for loss of last settled home by type of household. Aelwydydd y canfuwyd eu bod yn gymwys, yn ddigartref ond heb angen blaenoriaethol, neu’n ddigartref, mewn angen blaenoriaethol ond yn fwriadol felly yn ystod y flwyddyn: Prif reswm dros golli’r cartref sefydlog diwethaf yn ôl math o aelwyd.
{{ stage_statswales(
    'homelessness_reasons_no_priority',
    breakdowns=['reason'],
    measure_breakdowns=['household_type'],
) }}
