-- What children say, by age, with how many answered and whom the survey covers.
select
    survey_key, age_band, age_band_en, age_band_cy, question_key, question_en, question_cy, response_pct,
    response_pct_status, qualifier, responses, responses_basis, coverage_en, coverage_cy, known_from, source_key,
    is_synthetic
from outcomes.children_voice
order by survey_key, question_key, age_band
