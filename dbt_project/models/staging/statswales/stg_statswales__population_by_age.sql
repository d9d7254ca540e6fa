{{ stage_statswales(
    'population_by_age',
    breakdowns=['age', 'sex'],
    ages=['age'],
) }}
