-- Pupils educated other than at school by local authority, age, sex and learning centre. Disgyblion sy’n cael eu haddysgu heblaw yn yr ysgol yn ôl awdurdod lleol, oedran, rhyw a chanolfan ddysgu.
{{ stage_statswales(
    'educated_other_than_at_school',
    breakdowns=['age', 'gender', 'learning_centre'],
    measure_breakdowns=['data_description'],
) }}
