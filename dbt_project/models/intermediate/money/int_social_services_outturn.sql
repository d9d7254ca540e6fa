-- Grain: area_code × financial_year × service_line. One amount a line: of the bases that stand for it the first of gross,
-- net and not stated that has a value, with Wales summed where no source gives it and `other_children` worked out.
with
given as (
    select
        *,
        coalesce({{ breakdown_member('breakdown', 'service') }}, 'all') as member_key,
        coalesce({{ breakdown_member('breakdown', 'expenditure_basis') }}, 'not_stated') as basis
    from {{ ref('int_current_values') }}
    where
        measure_key = 'social_services_outturn'
        and period_kind = 'financial_year'
        and figure_kind = 'actual'
),

authorities_expected as (
    select
        years.period_key,
        count(*) as areas_expected
    from (
        select distinct
            period_key,
            period_end
        from given
    ) as years
    inner join {{ ref('int_area_versions') }} as areas
        on years.period_end >= areas.applies_from and years.period_end < areas.applies_to
    where areas.area_type = 'local_authority'
    group by years.period_key
),

-- where no source gives Wales, what its authorities add up to, of one source
sums as (
    select
        measure_key,
        measure_version_key,
        series_id,
        period_key,
        period_start,
        period_end,
        breakdown,
        member_key,
        basis,
        source_key,
        sum(value) as parts_sum,
        count(value) as areas_reporting,
        max(case when value_status = 'suppressed' then 1 else 0 end) as is_suppressed,
        max(rounding_base) * count(value) as rounding_base,
        max(case when revision_status = 'provisional' then 1 else 0 end) as is_provisional,
        max(known_from) as known_from,
        max(loaded_at) as loaded_at,
        is_synthetic,
        row_number() over (
            partition by period_key, member_key, basis
            -- what is real is summed, and what is synthetic, and never both together
            order by count(value) desc, max(known_from) desc, source_key asc
        ) as choice
    from given
    where source_kind = 'statistic' and area_type = 'local_authority'
    group by
        measure_key, measure_version_key, series_id, period_key, period_start, period_end, breakdown, member_key, basis,
        source_key, is_synthetic
),

wales_given as (
    select distinct
        period_key,
        member_key,
        basis
    from given
    where area_code = 'W92000004' and (value is not null or value_status = 'suppressed')
),

summed as (
    select
        sums.*,
        authorities_expected.areas_expected,
        case
            when sums.is_suppressed = 1 then 'suppressed'
            when sums.areas_reporting = 0 then 'not_available'
            when sums.areas_reporting = authorities_expected.areas_expected then 'derived'
            else 'partial'
        end as value_status
    from sums
    inner join authorities_expected on sums.period_key = authorities_expected.period_key
    left join wales_given
        on
            sums.period_key = wales_given.period_key
            and sums.member_key = wales_given.member_key
            and sums.basis = wales_given.basis
    where sums.choice = 1 and wales_given.period_key is null
),

cells as (
    select
        given.measure_key,
        given.measure_version_key,
        given.area_code,
        given.area_version_key,
        given.area_name_en,
        given.area_name_cy,
        given.area_type,
        given.period_key,
        given.period_start,
        given.period_end,
        given.breakdown,
        given.member_key,
        given.basis,
        given.value,
        given.value_status,
        given.rounding_base,
        given.qualifier,
        given.revision_status,
        given.note_codes,
        given.series_id,
        case when given.area_type = 'country' then 'published' end as total_basis,
        cast(null as bigint) as areas_reporting,
        cast(null as bigint) as areas_expected,
        given.coverage_en,
        given.coverage_cy,
        given.source_key,
        given.known_from,
        given.loaded_at,
        given.is_synthetic,
        given.load_id,
        given.landed_sha256,
        given.source_row
    from given
    left join summed
        on
            given.area_type = 'country'
            and given.period_key = summed.period_key
            and given.member_key = summed.member_key
            and given.basis = summed.basis
    where given.place = 1 and summed.period_key is null

    union all

    select
        summed.measure_key,
        summed.measure_version_key,
        areas.area_code,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        summed.period_key,
        summed.period_start,
        summed.period_end,
        summed.breakdown,
        summed.member_key,
        summed.basis,
        case when summed.value_status in ('derived', 'partial') then summed.parts_sum end as value,
        summed.value_status,
        summed.rounding_base,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        case when summed.is_provisional = 1 then 'provisional' end as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        summed.series_id,
        'sum' as total_basis,
        cast(summed.areas_reporting as bigint) as areas_reporting,
        cast(summed.areas_expected as bigint) as areas_expected,
        case
            when summed.value_status = 'partial'
                then {{ areas_covered('summed.areas_reporting', 'summed.areas_expected', 'en') }}
        end as coverage_en,
        case
            when summed.value_status = 'partial'
                then {{ areas_covered('summed.areas_reporting', 'summed.areas_expected', 'cy') }}
        end as coverage_cy,
        summed.source_key,
        summed.known_from,
        summed.loaded_at,
        summed.is_synthetic,
        cast(null as {{ dbt.type_string() }}) as load_id,
        cast(null as {{ dbt.type_string() }}) as landed_sha256,
        cast(null as bigint) as source_row
    from summed
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_code = 'W92000004'
            and summed.period_end >= areas.applies_from
            and summed.period_end < areas.applies_to
),

chosen as (
    select
        *,
        -- a real amount has no synthetic one beside it as its net
        max(case when basis = 'net' then value end) over (partition by area_code, period_key, member_key, is_synthetic)
            as net_value,
        row_number() over (
            partition by area_code, period_key, member_key
            order by
                -- a sum of some authorities is not Wales, where somebody says what Wales is
                case
                    when value is not null and value_status <> 'partial' then 0
                    when value_status = 'suppressed' and coalesce(total_basis, 'published') <> 'sum' then 0
                    when value is not null or value_status = 'suppressed' then 1
                    else 2
                end asc,
                {{ expenditure_basis_order('basis') }} asc
        ) as choice
    from cells
    where {{ expenditure_basis_order('basis') }} is not null
),

lined as (
    select
        chosen.*,
        coalesce(lines.service_line, chosen.member_key) as service_line
    from chosen
    left join {{ ref('social_service_lines') }} as lines on chosen.member_key = lines.member_key
    where chosen.choice = 1
),

-- everything for children and families less what is for looked after children, of one basis
remainders as (
    select
        wholes.*,
        parts.value as part_value,
        parts.net_value as part_net_value,
        parts.rounding_base as part_rounding_base,
        parts.source_key as part_source_key,
        parts.known_from as part_known_from,
        parts.loaded_at as part_loaded_at,
        coalesce(parts.is_synthetic, false) as part_is_synthetic,
        coalesce(parts.qualifier, wholes.qualifier) as either_qualifier,
        case
            when 'provisional' in (wholes.revision_status, parts.revision_status) then 'provisional'
            else coalesce(parts.revision_status, wholes.revision_status)
        end as either_revision_status,
        case
            -- nothing is taken from an amount on another basis
            when wholes.basis <> parts.basis then 'not_available'
            else {{ derived_status(['wholes.value_status', "coalesce(parts.value_status, 'not_available')"]) }}
        end as remainder_status
    from lined as wholes
    left join lined as parts
        on
            parts.service_line = 'looked_after_total'
            and wholes.area_code = parts.area_code
            and wholes.period_key = parts.period_key
    where wholes.service_line = 'all_children_and_families'
)

select
    measure_key,
    measure_version_key,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    area_type,
    period_key as financial_year,
    period_start,
    period_end,
    service_line,
    breakdown,
    basis as expenditure_basis,
    value,
    value_status,
    net_value,
    rounding_base,
    qualifier,
    revision_status,
    note_codes,
    series_id,
    total_basis,
    areas_reporting,
    areas_expected,
    coverage_en,
    coverage_cy,
    source_key,
    known_from,
    loaded_at,
    is_synthetic,
    load_id,
    landed_sha256,
    source_row
from lined

union all

select
    measure_key,
    measure_version_key,
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    area_type,
    period_key as financial_year,
    period_start,
    period_end,
    'other_children' as service_line,
    cast(null as {{ dbt.type_string() }}) as breakdown,
    basis as expenditure_basis,
    case when remainder_status = 'derived' then value - part_value end as value,
    remainder_status as value_status,
    case when remainder_status = 'derived' then net_value - part_net_value end as net_value,
    rounding_base + coalesce(part_rounding_base, 0.0) as rounding_base,
    either_qualifier as qualifier,
    either_revision_status as revision_status,
    cast(null as {{ dbt.type_string() }}) as note_codes,
    series_id,
    'difference' as total_basis,
    areas_reporting,
    areas_expected,
    coverage_en,
    coverage_cy,
    -- the whole's; where the part is another source's, the later known of the two
    case when part_known_from > known_from then part_source_key else source_key end as source_key,
    case when part_known_from > known_from then part_known_from else known_from end as known_from,
    case when part_loaded_at > loaded_at then part_loaded_at else loaded_at end as loaded_at,
    is_synthetic or part_is_synthetic as is_synthetic,
    cast(null as {{ dbt.type_string() }}) as load_id,
    cast(null as {{ dbt.type_string() }}) as landed_sha256,
    cast(null as bigint) as source_row
from remainders
