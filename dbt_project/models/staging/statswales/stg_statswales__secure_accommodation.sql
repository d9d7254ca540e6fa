-- Children accommodated in secure children’s homes. Plant mewn cartrefi diogel i blant.
{{ stage_statswales(
    'secure_accommodation',
) }}
