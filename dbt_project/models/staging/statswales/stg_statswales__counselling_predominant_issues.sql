-- Predominant issues for children and young people who receive counselling by Year, Area and Predominant Issues. Prif faterion plant a phobl ifanc sy’n cael cwnsela yn ôl Blwyddyn, Ardal a Phrif faterion.
{{ stage_statswales(
    'counselling_predominant_issues',
    breakdowns=['issue'],
    measure_breakdowns=['gender'],
) }}
