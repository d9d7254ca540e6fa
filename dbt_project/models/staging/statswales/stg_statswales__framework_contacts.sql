-- Contacts received for children by statutory social services during the year, by local authority. Cysylltiadau ar gyfer plant a ddaeth i law’r gwasanaethau cymdeithasol statudol yn ystod y flwyddyn, yn ôl awdurdod lleol.
{{ stage_statswales(
    'framework_contacts',
) }}
