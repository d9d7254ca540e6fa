-- Every staged statement about a cell, in one shape, corrected where corrections.yml says so. A table: what reads it
-- reads it several times, and ninety datasets are a plan that is worth making once.
with staged as (
    {%- for dataset in statswales_datasets() %}
        select
            source_key,
            measure_key,
            area_code,
            period_kind,
            period_key,
            period_start,
            period_end,
            breakdown,
            is_whole,
            cell_no,
            vintage_no,
            is_gone,
            is_change,
            known_from,
            landed_at,
            load_id,
            landed_sha256,
            is_synthetic,
            value_text,
            value,
            value_status,
            revision_status,
            note_codes,
            source_row
        from {{ ref('stg_statswales__' ~ dataset) }}
        -- a data description that the registry does not map stays in staging
        where measure_key is not null
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
)

select
    staged.source_key,
    staged.measure_key,
    staged.area_code,
    staged.period_kind,
    staged.period_key,
    staged.period_start,
    staged.period_end,
    staged.breakdown,
    staged.is_whole,
    staged.cell_no,
    staged.vintage_no,
    staged.is_gone,
    staged.is_change,
    staged.known_from,
    staged.landed_at,
    staged.load_id,
    staged.landed_sha256,
    staged.is_synthetic,
    staged.value_text,
    case corrections.action
        when 'override' then corrections.new_value
        when 'scale' then staged.value * corrections.factor
        when 'drop' then null
        else staged.value
    end as value,
    case
        when corrections.action = 'override' then 'derived'
        -- no factor makes a value of one that is withheld
        when corrections.action = 'scale' and staged.value is not null then 'derived'
        when corrections.action = 'drop' then 'withheld_quality'
        else staged.value_status
    end as value_status,
    staged.revision_status,
    staged.note_codes,
    staged.source_row,
    corrections.correction_id
from staged
left join {{ source('lake', 'corrections') }} as corrections
    on
        staged.source_key = corrections.source_key
        and staged.measure_key = corrections.measure_key
        and staged.area_code = corrections.area_code
        and staged.period_key = corrections.period_key
        and staged.breakdown = corrections.breakdown
        and trim(staged.value_text) = corrections.found
