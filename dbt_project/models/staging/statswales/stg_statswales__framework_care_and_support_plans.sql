-- Children with a care and support plan on 31 March, by local authority. Plant â chynllun gofal a chymorth ar 31 Mawrth, yn ôl awdurdod lleol.
{{ stage_statswales(
    'framework_care_and_support_plans',
) }}
