-- Specific and special government grants by authority. Grantiau penodol ac arbennig y llywodraeth yn ôl awdurdod.
{{ stage_statswales(
    'specific_grants',
    breakdowns=['grant'],
) }}
