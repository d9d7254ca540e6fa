-- Households found to be eligible, homeless subject to duty to help to secure during the year: Main reason for loss of last settled home by type of household (Section 73). Aelwydydd y canfuwyd eu bod yn gymwys, yn ddigartref ac yn destun dyletswydd i helpu i sicrhau llety yn ystod y flwyddyn: Prif reswm dros golli’r cartref sefydlog diwethaf yn ôl math o aelwyd (Adran 73).
{{ stage_statswales(
    'homelessness_reasons_section_73',
    breakdowns=['reason'],
    measure_breakdowns=['household_type'],
) }}
