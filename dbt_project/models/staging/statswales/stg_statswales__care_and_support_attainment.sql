-- Educational attainment of children receiving care and support by measure and year. Cyrhaeddiad addysgol plant sy’n derbyn gofal a chymorth yn ôl mesur a blwyddyn.
{{ stage_statswales(
    'care_and_support_attainment',
    breakdowns=['child_status'],
    measure_breakdowns=['score', 'threshold'],
) }}
