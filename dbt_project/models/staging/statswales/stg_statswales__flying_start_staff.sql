-- Number of full time equivalent Flying Start staff, by staff group and local authority. Nifer y staff Dechrau’n Deg cyfwerth ag amser llawn, yn ôl grŵp staff ac awdurdod lleol.
{{ stage_statswales(
    'flying_start_staff',
    breakdowns=['staff_group'],
) }}
