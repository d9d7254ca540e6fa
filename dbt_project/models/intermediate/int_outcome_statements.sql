-- Grain: measure_key × area_code × period_key × breakdown × source_key × figure_kind. What every source says now of the
-- measures that outcomes are made of, and which of them is to be quoted: int_current_values, of these measures only.
with asked as (
    select source_measure_key as measure_key
    from {{ ref('outcome_measures') }}
    union
    select denominator_measure_key as measure_key
    from {{ ref('outcome_measures') }}
)

select
    statements.*,
    {{ place_to_quote('statements') }} as place
from {{ ref('int_current_statements') }} as statements
inner join asked on statements.measure_key = asked.measure_key
