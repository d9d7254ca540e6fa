-- Foster care adopters and duration of final period of care. Gofalwyr maeth sy’n mabwysiadu a hyd y cyfnod olaf o ofal.
{{ stage_statswales(
    'adoptions_foster_carers',
    breakdowns=['final_period_of_care'],
    measure_breakdowns=['adopter'],
) }}
