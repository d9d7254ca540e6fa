{{ config(materialized='table') }}

{{ statswales_spellings('children_looked_after_gender_age', export=true) }}
