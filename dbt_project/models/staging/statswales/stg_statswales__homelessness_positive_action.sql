-- All cases where positive action succeeded in preventing/relieving homelessness. Pob achos lle llwyddodd camau cadarnhaol i atal/lliniaru digartrefedd.
{{ stage_statswales(
    'homelessness_positive_action',
    breakdowns=['action'],
    measure_breakdowns=['data_description'],
) }}
