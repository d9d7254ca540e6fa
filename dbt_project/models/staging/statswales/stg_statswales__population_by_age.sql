{{ stage_statswales('population_by_age', ref('stg_statswales__population_by_age_spellings')) }}
