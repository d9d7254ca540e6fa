{# Levels of areas, from the smallest: authorities, bodies that are made of them, the country. #}
{% macro area_level(area_type) -%}
    case {{ area_type }} when 'local_authority' then 1 when 'country' then 3 else 2 end
{%- endmacro %}

{#
    Whether figures of a measure add up: counts and amounts do. A percentage, a rate, an average number of days or an
    amount per head (it has a base) of Wales is no sum over its authorities, nor one over the parts of a breakdown.
#}
{% macro adds_up(unit, rate_base) -%}
    ({{ unit }} not in ('percent', 'rate', 'days', 'per_10000') and {{ rate_base }} is null)
{%- endmacro %}
