{{ stage_statswales('population_by_age', ref('stg_statswales_export__population_by_age_spellings'), export=true) }}
