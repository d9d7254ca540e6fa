-- Number of children and young people attending counselling by Year, Area, Ethnicity and Sex. Nifer y plant a’r bobl ifanc sy’n mynychu cwnsela yn ôl Blwyddyn, Ardal, Ethnigrwydd a Rhyw.
{{ stage_statswales(
    'counselling_ethnicity',
    breakdowns=['ethnicity'],
    measure_breakdowns=['gender'],
) }}
