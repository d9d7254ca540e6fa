-- Short breaks for children looked after by local authority and need for care, year ending 31 March. Seibiannau byr i blant sy’n derbyn gofal yn ôl awdurdod lleol ac angen am ofal, blwyddyn hyd at 31 Mawrth.
{{ stage_statswales(
    'short_breaks_need',
    measure_breakdowns=['need'],
) }}
