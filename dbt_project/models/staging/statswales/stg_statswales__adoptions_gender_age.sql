-- Adoptions of looked after children during the year ending 31 March by age and gender. Mabwysiadu plant sy’n derbyn gofal yn ystod y flwyddyn hyd at 31 Mawrth yn ôl oedran a rhyw.
{{ stage_statswales(
    'adoptions_gender_age',
    breakdowns=['gender', 'age_at_adoption'],
) }}
