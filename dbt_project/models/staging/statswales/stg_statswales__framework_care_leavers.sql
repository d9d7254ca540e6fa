-- Number of care leavers in categories 2, 3 and 4, by local authority. Nifer y rhai sy’n gadael gofal yng nghategorïau 2, 3 a 4, yn ôl awdurdod lleol.
{{ stage_statswales(
    'framework_care_leavers',
) }}
