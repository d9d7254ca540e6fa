-- Population by age group and ethnic group. Y boblogaeth yn ôl grŵp oedran a grŵp ethnig.
{{ stage_statswales(
    'population_by_ethnic_group',
    breakdowns=['age_group', 'ethnicity'],
) }}
