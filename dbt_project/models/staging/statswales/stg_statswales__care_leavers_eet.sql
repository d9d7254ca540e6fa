-- Care leavers in education, training or employment 12 and 24 months after leaving care, by local authority. Rhai sy’n gadael gofal mewn addysg, hyfforddiant neu waith 12 a 24 mis ar ôl gadael gofal, yn ôl awdurdod lleol.
{{ stage_statswales(
    'care_leavers_eet',
) }}
