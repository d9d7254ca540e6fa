{{ stage_statswales(
    'population_by_age',
    export=true,
    breakdowns=['age', 'sex'],
    ages=['age'],
) }}
