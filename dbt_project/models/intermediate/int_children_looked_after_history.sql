-- The states as intervals, with everything that is computed from them: a row for as long as nothing in it changed.
with
states as (
    select
        *,
        sum(begins) over (
            partition by source_key, area_code, snapshot_date order by moment_no
            rows between unbounded preceding and current row
        ) as interval_no
    from {{ ref('int_children_looked_after_states') }}
),

ends as (
    select
        source_key,
        area_code,
        snapshot_date,
        interval_no,
        max(moment_no) as last_moment_no
    from states
    group by source_key, area_code, snapshot_date, interval_no
),

intervals as (
    select
        first_states.*,
        last_states.next_moment as interval_known_to
    from states as first_states
    inner join ends
        on
            first_states.source_key = ends.source_key
            and first_states.area_code = ends.area_code
            and first_states.snapshot_date = ends.snapshot_date
            and first_states.interval_no = ends.interval_no
    inner join states as last_states
        on
            ends.source_key = last_states.source_key
            and ends.area_code = last_states.area_code
            and ends.snapshot_date = last_states.snapshot_date
            and ends.last_moment_no = last_states.moment_no
    where first_states.begins = 1
),

-- Each year's count and population only where the figures may be compared: the year before must be there, in the same
-- series, and whole.
comparable as (
    select
        intervals.*,
        case
            when series_id_1 <> series_id then 'not_applicable'
            else {{ derived_status(['children_status', 'children_status_1']) }}
        end as change_status,
        {{ derived_status(['children_status', 'population_under_18_status']) }} as rate_status,
        case
            when series_id_1 <> series_id then 'not_applicable'
            else {{ derived_status([
                'children_status', 'population_under_18_status', 'children_status_1', 'population_status_1',
            ]) }}
        end as rate_change_status,
        case
            when series_id_1 <> series_id or series_id_2 <> series_id then 'not_applicable'
            else {{ derived_status([
                'children_status', 'population_under_18_status', 'children_status_1', 'population_status_1',
                'children_status_2', 'population_status_2',
            ]) }}
        end as three_year_status
    from intervals
),

changed as (
    select
        comparable.*,
        case when change_status = 'derived' then children - children_1 else printed_change_n end as change_n,
        case
            when change_status = 'derived' then {{ change_pct('children', 'children_1') }}
            else printed_change_pct
        end as change_pct
    from comparable
),

computed as (
    select
        changed.*,
        case
            when change_status = 'derived' then 'derived'
            when printed_change_n is not null then 'reported'
            else change_status
        end as change_n_status,
        case
            when change_status = 'derived' and change_pct is not null then 'derived'
            when change_status = 'derived' then 'not_applicable'
            when printed_change_pct is not null then 'reported'
            else change_status
        end as change_pct_status,
        case
            when rate_status = 'derived' then {{ rate_per_10000('children', 'population_under_18') }}
            else printed_rate
        end as rate_per_10000,
        case
            when rate_change_status = 'derived'
                then
                    {{ rate_per_10000('children', 'population_under_18') }}
                    - {{ rate_per_10000('children_1', 'population_1') }}
            else printed_rate_change
        end as rate_change,
        case
            when three_year_status = 'derived'
                then {{ three_year_rate(
                ['children', 'children_1', 'children_2'], ['population_under_18', 'population_1', 'population_2']
            ) }}
        end as three_year_rate
    from changed
)

select
    areas.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    measures.measure_version_key,
    measures.population_definition_en,
    measures.population_definition_cy,
    case
        when computed.children_status = 'partial'
            then {{ areas_covered('computed.areas_reporting', 'computed.areas_expected', 'en') }}
    end as coverage_en,
    case
        when computed.children_status = 'partial'
            then {{ areas_covered('computed.areas_reporting', 'computed.areas_expected', 'cy') }}
    end as coverage_cy,
    computed.source_key,
    computed.source_kind,
    computed.series_id,
    computed.snapshot_date,
    computed.children,
    computed.children_status,
    computed.is_headline,
    computed.is_first_release,
    computed.change_n,
    computed.change_n_status,
    computed.change_pct,
    computed.change_pct_status,
    computed.rate_per_10000,
    case
        when computed.rate_status = 'derived' and computed.rate_per_10000 is null then 'not_applicable'
        when computed.rate_status = 'derived' then 'derived'
        when computed.printed_rate is not null then 'reported'
        else computed.rate_status
    end as rate_per_10000_status,
    computed.rate_change,
    case
        when computed.rate_change_status = 'derived' and computed.rate_change is null then 'not_applicable'
        when computed.rate_change_status = 'derived' then 'derived'
        when computed.printed_rate_change is not null then 'reported'
        else computed.rate_change_status
    end as rate_change_status,
    case when computed.population_under_18_status = 'derived' then computed.population_under_18 end
        as population_under_18,
    computed.population_under_18_status,
    computed.population_reference_date,
    computed.population_known_from,
    computed.three_year_rate,
    case
        when computed.three_year_status = 'derived' and computed.three_year_rate is null then 'not_applicable'
        else computed.three_year_status
    end as three_year_rate_status,
    case
        when computed.area_code <> 'W92000004' and computed.rate_status = 'derived'
            then {{ control_limit(
            'low', 'funnel.target_rate', 'computed.population_under_18', 'funnel.between_area_variance'
        ) }}
    end as control_limit_low,
    case
        when computed.area_code <> 'W92000004' and computed.rate_status = 'derived'
            then {{ control_limit(
            'high', 'funnel.target_rate', 'computed.population_under_18', 'funnel.between_area_variance'
        ) }}
    end as control_limit_high,
    case
        when computed.area_code = 'W92000004' then 'not_applicable'
        when computed.rate_status <> 'derived' then computed.rate_status
        when funnel.target_rate is null then 'not_available'
        else 'derived'
    end as control_limit_status,
    funnel.dispersion,
    case when funnel.dispersion is null then 'not_available' else 'derived' end as dispersion_status,
    {{ small_number_flag('computed.children', 'computed.change_n', 'computed.rounding_base') }} as small_number_flag,
    computed.rounding_base,
    computed.is_quotable,
    computed.qualifier,
    computed.revision_status,
    computed.note_codes,
    computed.total_basis,
    computed.areas_reporting,
    case when computed.area_code = 'W92000004' then computed.areas_expected end as areas_expected,
    computed.release_date,
    -- when the count became known, when this row did (its count, population or standing changed), and until when
    computed.known_from as count_known_from,
    computed.moment as known_from,
    computed.interval_known_to as known_to,
    computed.loaded_at,
    computed.load_id,
    computed.landed_sha256,
    computed.source_row,
    computed.is_synthetic,
    -- what the figures rest on, for the reconciliation
    computed.children_1 as children_before,
    computed.population_1 as population_before
from computed
inner join {{ ref('int_area_versions') }} as areas
    on
        computed.area_code = areas.area_code
        and computed.snapshot_date >= areas.applies_from
        and computed.snapshot_date < areas.applies_to
inner join {{ ref('int_measure_versions') }} as measures
    on computed.measure_version_key = measures.measure_version_key
left join {{ ref('int_children_looked_after_funnel') }} as funnel
    on
        computed.source_key = funnel.source_key
        and computed.snapshot_date = funnel.snapshot_date
        and computed.funnel_version = funnel.funnel_version
