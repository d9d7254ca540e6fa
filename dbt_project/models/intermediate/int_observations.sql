{{ config(materialized='view') }}

-- Every staged cell in every vintage in which it stood, in one shape. A view: 10 million cells in five vintages would
-- be 50 million rows, of which almost all say what the vintage before said.
{% set staged = [
    'stg_statswales__children_looked_after_gender_age',
    'stg_statswales__population_by_age',
    'stg_statswales_export__children_looked_after_gender_age',
    'stg_statswales_export__population_by_age',
] %}

{% for model in staged -%}
    select
        source_key,
        measure_key,
        area_code,
        {{ period_key('period_kind', 'period_end') }} as period_key,
        period_kind,
        {{ period_start('period_kind', 'period_end') }} as period_start,
        period_end,
        breakdown,
        is_whole,
        cell_no,
        vintage_no,
        -- what a vintage replaces: the service gives a dataset whole; a file exported by hand holds some periods only
        {% if '_export__' in model %}{{ period_key('period_kind', 'period_end') }}{% else %}'all'{% endif %}
            as vintage_scope,
        value,
        value_status,
        revision_status,
        note_codes,
        source_row
    from {{ ref(model) }}
    -- a data description that the registry does not map stays in staging
    where measure_key is not null
    {% if not loop.last %}
        union all
    {% endif %}
{%- endfor %}
