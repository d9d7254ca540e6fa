-- Number of children and young people who received counselling in Wales by School year age group, Year and Sex. Nifer y plant a’r bobl ifanc a gafodd gwnsela yng Nghymru yn ôl grŵp oedran blwyddyn ysgol, Blwyddyn a Rhyw.
{{ stage_statswales(
    'counselling_age_group',
    breakdowns=['school_year_group'],
    measure_breakdowns=['gender'],
) }}
