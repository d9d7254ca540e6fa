-- What moved between two vintages: a value, or the status that says why there is none. A row that is new because its
-- period is new is no revision; one that only lost or gained a note (provisional, revised) is in fct_measure_value.
with replacing as (
    -- of vintages that became known at one moment the last is the one that counts
    select
        source_key,
        known_from,
        landed_at,
        load_id,
        row_number() over (partition by source_key, known_from order by vintage_no desc) as place
    from {{ ref('stg_lake__vintages') }}
    where change_id is not null
),

hashed as (
    select
        *,
        {{ row_hash(['source_key', 'measure_key', 'area_code', 'period_key', 'breakdown']) }} as cell_hash
    from {{ ref('fct_measure_value') }}
),

-- most cells were said once and still stand: nothing of them moved
moved as (
    select cell_hash
    from hashed
    group by cell_hash
    having count(*) > 1 or count(known_to) > 0
),

ordered as (
    select
        hashed.*,
        lag(known_to) over cell as closed_before,
        lag(known_from) over cell as known_from_before,
        lag(value) over cell as value_before,
        lag(value_status) over cell as value_status_before,
        lag(note_codes) over cell as note_codes_before,
        lag(series_id) over cell as series_id_before,
        lag(load_id) over cell as load_id_before,
        lag(is_synthetic) over cell as was_synthetic,
        lead(known_from) over cell as known_from_next
    from hashed
    inner join moved on hashed.cell_hash = moved.cell_hash
    window cell as (
        partition by source_key, measure_key, area_code, period_key, breakdown
        order by known_from
    )
),

changes as (
    select
        measure_key,
        area_code,
        area_name_en,
        area_name_cy,
        period_key,
        period_start,
        period_end,
        breakdown,
        source_key,
        unit,
        series_id,
        audience,
        is_total,
        adds_to,
        'changed' as change_type,
        value_before as old_value,
        value as new_value,
        value_status_before as old_value_status,
        value_status as new_value_status,
        note_codes_before as old_note_codes,
        note_codes as new_note_codes,
        known_from_before as old_known_from,
        known_from as new_known_from,
        -- what is real is no revision of what is synthetic: both are told, and no difference
        series_id_before = series_id and was_synthetic = is_synthetic as is_comparable,
        revision_status,
        loaded_at,
        load_id_before as old_load_id,
        load_id as new_load_id,
        is_synthetic or was_synthetic as is_synthetic
    from ordered
    where
        closed_before = known_from
        and (value is distinct from value_before or value_status is distinct from value_status_before)

    union all

    -- a row that came back after vintages without it
    select
        measure_key,
        area_code,
        area_name_en,
        area_name_cy,
        period_key,
        period_start,
        period_end,
        breakdown,
        source_key,
        unit,
        series_id,
        audience,
        is_total,
        adds_to,
        'restored' as change_type,
        cast(null as double) as old_value,
        value as new_value,
        'not_available' as old_value_status,
        value_status as new_value_status,
        cast(null as {{ dbt.type_string() }}) as old_note_codes,
        note_codes as new_note_codes,
        closed_before as old_known_from,
        known_from as new_known_from,
        series_id_before = series_id as is_comparable,
        revision_status,
        loaded_at,
        cast(null as {{ dbt.type_string() }}) as old_load_id,
        load_id as new_load_id,
        is_synthetic
    from ordered
    where closed_before < known_from

    union all

    -- a row that a vintage no longer has
    select
        ordered.measure_key,
        ordered.area_code,
        ordered.area_name_en,
        ordered.area_name_cy,
        ordered.period_key,
        ordered.period_start,
        ordered.period_end,
        ordered.breakdown,
        ordered.source_key,
        ordered.unit,
        ordered.series_id,
        ordered.audience,
        ordered.is_total,
        ordered.adds_to,
        'removed' as change_type,
        ordered.value as old_value,
        cast(null as double) as new_value,
        ordered.value_status as old_value_status,
        'not_available' as new_value_status,
        ordered.note_codes as old_note_codes,
        cast(null as {{ dbt.type_string() }}) as new_note_codes,
        ordered.known_from as old_known_from,
        ordered.known_to as new_known_from,
        true as is_comparable,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        vintages.landed_at as loaded_at,
        ordered.load_id as old_load_id,
        vintages.load_id as new_load_id,
        ordered.is_synthetic
    from ordered
    inner join replacing as vintages
        on
            ordered.source_key = vintages.source_key
            and ordered.known_to = vintages.known_from
            and vintages.place = 1
    where
        ordered.known_to is not null
        and ordered.known_to is distinct from ordered.known_from_next
)

select
    measure_key,
    area_code,
    area_name_en,
    area_name_cy,
    period_key,
    period_start,
    period_end,
    breakdown,
    source_key,
    change_type,
    old_value,
    new_value,
    old_value_status,
    new_value_status,
    case when is_comparable then new_value - old_value end as change_n,
    case
        when is_comparable and old_value is not null and new_value is not null then 'derived'
        when not is_comparable then 'not_applicable'
        when 'suppressed' in (old_value_status, new_value_status) then 'suppressed'
        else 'not_available'
    end as change_n_status,
    case when is_comparable and old_value <> 0 then 100.0 * (new_value - old_value) / old_value end as change_pct,
    case
        when not is_comparable then 'not_applicable'
        when old_value is not null and new_value is not null
            then
                case when old_value <> 0 then 'derived' else 'not_applicable' end
        when 'suppressed' in (old_value_status, new_value_status) then 'suppressed'
        else 'not_available'
    end as change_pct_status,
    old_note_codes,
    new_note_codes,
    revision_status,
    old_known_from,
    new_known_from,
    new_known_from as known_from,
    loaded_at,
    unit,
    series_id,
    is_total,
    adds_to,
    audience,
    new_known_from as release_at,
    is_synthetic,
    old_load_id,
    new_load_id
from changes
