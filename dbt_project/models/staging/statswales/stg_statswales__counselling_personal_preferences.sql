-- Number of Personal Preferences of Children and Young people attending counselling by Area, Year and Sex. Nifer dewisiadau personol plant a phobl ifanc sy’n mynychu cwnsela yn ôl Ardal, Blwyddyn a Rhyw.
{{ stage_statswales(
    'counselling_personal_preferences',
    breakdowns=['personal_preference'],
    measure_breakdowns=['gender'],
) }}
