{#
    The wholes that a table does not print, as sums of the parts that it does: a query with the columns of `given`, to be
    put under it. `of` is the column whose `all` is missing, `members` are its parts, `within` is the other column of the
    table. There is a row only where every part has one, and no others; it has a value only where every part has. A whole
    with a suppressed part is suppressed, and no part is ever worked out of a whole: what is summed was published, so
    that a sum tells no more than its parts do.

    `given` has source_key, area_code, period_end, measure_version_key, gender, age_group, breakdown, children,
    value_status, revision_status, note_codes, known_from, known_to, loaded_at, is_synthetic, load_id, landed_sha256,
    source_row and basis (published, sum), in this order, and one source for an area and date.
#}
{% macro unpublished_wholes(given, of, within, members) -%}
    select
        sums.source_key,
        sums.area_code,
        sums.period_end,
        sums.measure_version_key,
        {{ "'all' as gender" if of == 'gender' else 'sums.gender' }},
        {{ "'all' as age_group" if of == 'age_group' else 'sums.age_group' }},
        case when sums.{{ within }} = 'all' then 'all' else '{{ within }}=' || sums.{{ within }} end as breakdown,
        case when sums.without_value = 0 then cast(sums.children as bigint) end as children,
        case
            when sums.any_suppressed = 1 then 'suppressed'
            when sums.without_value = 0 then 'derived'
            else 'not_available'
        end as value_status,
        case
            when sums.any_provisional = 1 then 'provisional'
            when sums.any_revised = 1 then 'revised'
        end as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        sums.known_from,
        cast(null as timestamp) as known_to,
        sums.loaded_at,
        sums.any_synthetic = 1 as is_synthetic,
        cast(null as {{ dbt.type_string() }}) as load_id,
        cast(null as {{ dbt.type_string() }}) as landed_sha256,
        cast(null as bigint) as source_row,
        'sum' as basis
    from (
        select
            source_key,
            area_code,
            period_end,
            {{ within }},
            max(measure_version_key) as measure_version_key,
            sum(children) as children,
            count(*) as parts,
            sum(case when {{ of }} in ('{{ members | join("', '") }}') then 1 else 0 end) as known_parts,
            -- a sum of some authorities is a part of nothing
            sum(case when value_status in ('reported', 'derived') then 0 else 1 end) as without_value,
            max(case when value_status = 'suppressed' then 1 else 0 end) as any_suppressed,
            max(case when revision_status = 'provisional' then 1 else 0 end) as any_provisional,
            max(case when revision_status = 'revised' then 1 else 0 end) as any_revised,
            max(known_from) as known_from,
            max(loaded_at) as loaded_at,
            max(case when is_synthetic then 1 else 0 end) as any_synthetic
        from {{ given }}
        where {{ of }} <> 'all'
        group by source_key, area_code, period_end, {{ within }}
    ) as sums
    left join {{ given }} as printed
        on
            printed.{{ of }} = 'all'
            and sums.area_code = printed.area_code
            and sums.period_end = printed.period_end
            and sums.{{ within }} = printed.{{ within }}
    where
        printed.area_code is null
        and sums.parts = {{ members | length }}
        and sums.known_parts = {{ members | length }}
{%- endmacro %}
