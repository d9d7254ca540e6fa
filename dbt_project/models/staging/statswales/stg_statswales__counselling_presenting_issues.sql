-- Main presenting issues on referral for children and young people receiving counselling by Year, Area and Presenting Issues. Prif faterion a gyflwynir wrth atgyfeirio plant a phobl ifanc sy’n cael cwnsela yn ôl Blwyddyn, Ardal a Materion a gyflwynir.
{{ stage_statswales(
    'counselling_presenting_issues',
    breakdowns=['issue'],
    measure_breakdowns=['gender'],
) }}
