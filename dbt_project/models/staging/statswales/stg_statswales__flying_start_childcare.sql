-- Number and percentage of children eligible, offered and taking up Flying Start childcare, by local authority. Nifer a chanran y plant sy’n gymwys, yn cael cynnig ac yn derbyn gofal plant Dechrau’n Deg, yn ôl awdurdod lleol.
{{ stage_statswales(
    'flying_start_childcare',
    breakdowns=['indicator'],
) }}
