-- Children looked after on 31 March, by local authority (performance and improvement framework). Plant sy’n derbyn gofal ar 31 Mawrth, yn ôl awdurdod lleol (fframwaith perfformiad a gwella).
{{ stage_statswales(
    'framework_children_looked_after',
) }}
