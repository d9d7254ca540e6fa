-- Unaccompanied asylum seeking children looked after on 31 March by local authority. Plant ar eu pen eu hunain sy’n ceisio lloches ac yn derbyn gofal ar 31 Mawrth yn ôl awdurdod lleol.
{{ stage_statswales(
    'children_looked_after_asylum_seekers',
) }}
