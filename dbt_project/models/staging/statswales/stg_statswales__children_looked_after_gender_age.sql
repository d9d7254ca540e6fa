{{ stage_statswales(
    'children_looked_after_gender_age',
    breakdowns=['age_group'],
    measure_breakdowns=['gender'],
) }}
