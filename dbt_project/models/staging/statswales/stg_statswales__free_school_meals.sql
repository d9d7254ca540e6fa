-- Pupils in maintained schools eligible for free school meals by local authority and year. Disgyblion mewn ysgolion a gynhelir sy’n gymwys i gael prydau ysgol am ddim yn ôl awdurdod lleol a blwyddyn.
{{ stage_statswales(
    'free_school_meals',
    breakdowns=['category'],
) }}
