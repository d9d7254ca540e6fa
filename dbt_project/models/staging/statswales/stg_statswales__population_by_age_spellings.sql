{{ config(materialized='table') }}

{{ statswales_spellings('population_by_age') }}
