-- Care leavers on their 19th birthday, by activity, year ending 31 March. Rhai sy’n gadael gofal ar eu pen-blwydd yn 19 oed, yn ôl gweithgaredd, blwyddyn hyd at 31 Mawrth.
{{ stage_statswales(
    'care_leavers_activity_19',
    measure_breakdowns=['activity'],
) }}
