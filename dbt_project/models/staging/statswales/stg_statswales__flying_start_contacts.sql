-- Number of contacts and average contacts per child receiving Flying Start services, by staff group and local authority. Nifer y cysylltiadau a’r cysylltiadau cyfartalog fesul plentyn sy’n cael gwasanaethau Dechrau’n Deg, yn ôl grŵp staff ac awdurdod lleol.
{{ stage_statswales(
    'flying_start_contacts',
    breakdowns=['staff_group'],
) }}
