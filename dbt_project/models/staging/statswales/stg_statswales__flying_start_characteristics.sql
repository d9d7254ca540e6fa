-- Characteristics of children receiving Flying Start services, by local authority. Nodweddion plant sy’n cael gwasanaethau Dechrau’n Deg, yn ôl awdurdod lleol.
{{ stage_statswales(
    'flying_start_characteristics',
    breakdowns=['characteristic'],
) }}
