-- Looked after children adopted, by time in days between the different stages of the adoption process, by age at start of period of care, year ending 31 March. Plant sy’n derbyn gofal a fabwysiadwyd, yn ôl yr amser mewn dyddiau rhwng gwahanol gamau’r broses fabwysiadu, yn ôl oedran ar ddechrau’r cyfnod o ofal, blwyddyn hyd at 31 Mawrth.
{{ stage_statswales(
    'adoptions_stages',
    breakdowns=['age_at_start', 'stage'],
    measure_breakdowns=['data_description'],
) }}
