-- Total placements in bed and breakfasts, by length of stay and provision. Cyfanswm y lleoliadau gwely a brecwast, yn ôl hyd yr arhosiad a darpariaeth.
{{ stage_statswales(
    'bed_and_breakfast_placements',
    breakdowns=['length_of_stay'],
    measure_breakdowns=['provision'],
) }}
