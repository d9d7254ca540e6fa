-- Looked after children adopted by age of children at start of last period of care and the length of time until adoption, year ending 31 March. Plant sy’n derbyn gofal a fabwysiadwyd yn ôl oedran ar ddechrau’r cyfnod diwethaf o ofal a hyd yr amser tan eu mabwysiadu, blwyddyn hyd at 31 Mawrth.
{{ stage_statswales(
    'adoptions_length_of_time',
    breakdowns=['age_at_start', 'length_of_time'],
) }}
