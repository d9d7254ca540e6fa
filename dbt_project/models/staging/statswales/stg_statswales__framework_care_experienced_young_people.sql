-- Care experienced young people on 31 March, by local authority and category. Pobl ifanc â phrofiad o ofal ar 31 Mawrth, yn ôl awdurdod lleol a chategori.
{{ stage_statswales(
    'framework_care_experienced_young_people',
    measure_breakdowns=['category'],
) }}
