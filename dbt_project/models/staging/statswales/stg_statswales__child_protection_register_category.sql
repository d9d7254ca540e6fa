-- Children receiving care and support on the child protection register by local authority, category of abuse and gender. Plant sy’n derbyn gofal a chymorth ar y gofrestr amddiffyn plant yn ôl awdurdod lleol, categori cam-drin a rhyw.
{{ stage_statswales(
    'child_protection_register_category',
    breakdowns=['category', 'gender'],
) }}
