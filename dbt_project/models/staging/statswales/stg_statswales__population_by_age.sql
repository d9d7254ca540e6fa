-- Population estimates by local authority, year, sex and age. Amcangyfrifon o’r boblogaeth yn ôl awdurdod lleol, blwyddyn, rhyw ac oedran.
{{ stage_statswales(
    'population_by_age',
    breakdowns=['sex', 'age'],
) }}
