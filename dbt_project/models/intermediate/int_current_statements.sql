{{ config(materialized='view') }}
-- Grain: measure_key × area_code × period_key × breakdown × source_key × figure_kind. What every source says now, as
-- int_current_values has it, without saying which of them is to be quoted: for who does not ask that, or asks it of few.
{{ current_statements() }}
