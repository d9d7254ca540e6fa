{{ stage_statswales('children_looked_after_gender_age', ref('stg_statswales_export__children_looked_after_gender_age_spellings'), export=true) }}
