{{ stage_statswales(
    'children_looked_after_gender_age',
    export=true,
    breakdowns=['age_group'],
    measure_breakdowns=['gender'],
) }}
