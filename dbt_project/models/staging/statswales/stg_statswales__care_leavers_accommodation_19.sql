-- Care leavers on their 19th birthday, by accommodation and activity, year ending 31 March. Rhai sy’n gadael gofal ar eu pen-blwydd yn 19 oed, yn ôl llety a gweithgaredd, blwyddyn hyd at 31 Mawrth.
{{ stage_statswales(
    'care_leavers_accommodation_19',
    breakdowns=['accommodation', 'activity'],
    measure_breakdowns=['contact'],
) }}
