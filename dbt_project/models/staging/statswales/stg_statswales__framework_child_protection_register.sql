-- Children on the child protection register on 31 March, by local authority. Plant ar y gofrestr amddiffyn plant ar 31 Mawrth, yn ôl awdurdod lleol.
{{ stage_statswales(
    'framework_child_protection_register',
) }}
