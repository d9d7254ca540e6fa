-- Healthy Child Wales Programme contacts by quarter, contact and Flying Start status. Cysylltiadau Rhaglen Plant Iach Cymru yn ôl chwarter, cyswllt a statws Dechrau’n Deg.
{{ stage_statswales(
    'child_health_contacts',
    breakdowns=['contact', 'flying_start_status'],
) }}
