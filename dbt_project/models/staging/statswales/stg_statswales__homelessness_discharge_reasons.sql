-- Reasons for discharge of duty under section 75 during the year. Rhesymau dros gyflawni’r ddyletswydd o dan adran 75 yn ystod y flwyddyn.
{{ stage_statswales(
    'homelessness_discharge_reasons',
    breakdowns=['reason'],
    measure_breakdowns=['household_type'],
) }}
