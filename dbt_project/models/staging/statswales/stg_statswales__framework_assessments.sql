-- New assessments completed for children during the year, by local authority. Asesiadau newydd a gwblhawyd ar gyfer plant yn ystod y flwyddyn, yn ôl awdurdod lleol.
{{ stage_statswales(
    'framework_assessments',
) }}
