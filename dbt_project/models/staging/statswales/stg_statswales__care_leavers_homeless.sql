-- Care leavers who experienced homelessness during the year. Rhai sy’n gadael gofal a brofodd ddigartrefedd yn ystod y flwyddyn.
{{ stage_statswales(
    'care_leavers_homeless',
) }}
