-- Pupils by Flying Start status, school census (PLASC) status and local authority. Disgyblion yn ôl statws Dechrau’n Deg, statws yn y cyfrifiad ysgolion (CYBLD) ac awdurdod lleol.
{{ stage_statswales(
    'flying_start_plasc',
    breakdowns=['flying_start_status', 'plasc_status'],
) }}
