-- Episodes finishing for children looked after during the year to 31 March by reason for finishing. Cyfnodau sy’n dod i ben i blant sy’n derbyn gofal yn ystod y flwyddyn hyd at 31 Mawrth yn ôl y rheswm dros ddod i ben.
{{ stage_statswales(
    'episodes_of_care_finishing',
    breakdowns=['reason'],
    measure_breakdowns=['data_description'],
) }}
