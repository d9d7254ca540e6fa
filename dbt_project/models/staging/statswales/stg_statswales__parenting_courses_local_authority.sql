-- Flying Start parenting courses by type of course and local authority. Cyrsiau rhianta Dechrau’n Deg yn ôl math o gwrs ac awdurdod lleol.
{{ stage_statswales(
    'parenting_courses_local_authority',
    breakdowns=['course'],
) }}
