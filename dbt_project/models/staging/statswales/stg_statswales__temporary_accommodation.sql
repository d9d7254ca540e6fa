-- Households accommodated temporarily by accommodation type, household type and length of stay. Aelwydydd mewn llety dros dro yn ôl math o lety, math o aelwyd a hyd yr arhosiad.
{{ stage_statswales(
    'temporary_accommodation',
    breakdowns=['accommodation', 'length_of_stay'],
    measure_breakdowns=['household_type'],
) }}
