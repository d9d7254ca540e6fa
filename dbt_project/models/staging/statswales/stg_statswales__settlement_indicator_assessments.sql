-- Analysis of indicator based assessments (IBAs) by authority. Dadansoddiad o asesiadau seiliedig ar ddangosyddion yn ôl awdurdod.
{{ stage_statswales(
    'settlement_indicator_assessments',
    breakdowns=['service'],
) }}
