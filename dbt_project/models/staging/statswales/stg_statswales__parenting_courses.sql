-- Flying Start parenting courses by type of course. Cyrsiau rhianta Dechrau’n Deg yn ôl math o gwrs.
{{ stage_statswales(
    'parenting_courses',
    breakdowns=['course'],
) }}
