-- Immunisation of children by immunisation status, Flying Start status and local authority. Imiwneiddio plant yn ôl statws imiwneiddio, statws Dechrau’n Deg ac awdurdod lleol.
{{ stage_statswales(
    'flying_start_immunisation',
    breakdowns=['immunisation_status', 'flying_start_status'],
) }}
