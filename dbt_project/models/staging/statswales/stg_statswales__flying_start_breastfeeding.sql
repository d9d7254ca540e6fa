-- Breastfeeding by Flying Start status, breastfeeding status and local authority. Bwydo ar y fron yn ôl statws Dechrau’n Deg, statws bwydo ar y fron ac awdurdod lleol.
{{ stage_statswales(
    'flying_start_breastfeeding',
    breakdowns=['flying_start_status', 'breastfeeding_status'],
) }}
