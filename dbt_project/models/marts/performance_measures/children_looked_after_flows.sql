-- Grain: area_code × financial_year. Who came into care and who left it (flow), and beside it how the number in care on
-- 31 March changed (stock). The two are counted apart and do not meet: what is left between them is published.
with
stated as (
    select * from {{ ref('int_current_values') }}
    where
        period_kind = 'financial_year'
        and figure_kind = 'actual'
        and (
            (measure_key in ('children_starting_to_be_looked_after', 'children_leaving_care') and breakdown = 'all')
            or (measure_key = 'episodes_of_care_finishing' and breakdown in ('all', 'reason=new_episode_begins'))
        )
),

-- the change that a document prints, where the year before is in no document
printed as (
    select
        case measure_key when 'children_leaving_care' then 'leavers' else 'starts' end as flow,
        measure_key,
        document_key,
        area_code,
        period_key,
        period_start,
        period_end,
        max(value) as change_pct,
        max(known_from) as known_from,
        max(loaded_at) as loaded_at
    from {{ ref('int_document_figures') }}
    where
        measure_key in ('children_starting_to_be_looked_after', 'children_leaving_care')
        and breakdown = 'all'
        and derivation = 'change_pct'
        and qualifier = 'exact'
        and duplicate_of is null
        and known_from is not null
    group by measure_key, document_key, area_code, period_key, period_start, period_end
),

candidates as (
    select
        case measure_key when 'children_leaving_care' then 'leavers' else 'starts' end as flow,
        'stated' as basis,
        area_code,
        period_key as financial_year,
        period_start,
        period_end,
        source_key,
        series_id,
        value,
        value_status,
        revision_status,
        qualifier,
        coverage_en,
        coverage_cy,
        known_from,
        loaded_at,
        is_synthetic,
        place
    from stated
    where measure_key <> 'episodes_of_care_finishing'

    union all

    -- an episode that ends as another begins ends no care: the child is looked after still
    select
        'leavers' as flow,
        'episodes_less_new_episodes' as basis,
        episodes.area_code,
        episodes.period_key as financial_year,
        episodes.period_start,
        episodes.period_end,
        episodes.source_key,
        'children_leaving_care.' || episodes.series_id as series_id,
        case
            when {{ derived_status(['episodes.value_status', 'continued.value_status']) }} = 'derived'
                then episodes.value - continued.value
        end as value,
        {{ derived_status(['episodes.value_status', 'continued.value_status']) }} as value_status,
        {{ revision_status_of(['episodes.revision_status', 'continued.revision_status']) }} as revision_status,
        coalesce(episodes.qualifier, continued.qualifier) as qualifier,
        episodes.coverage_en,
        episodes.coverage_cy,
        {{ latest_of(['episodes.known_from', 'continued.known_from']) }} as known_from,
        {{ latest_of(['episodes.loaded_at', 'continued.loaded_at']) }} as loaded_at,
        episodes.is_synthetic or coalesce(continued.is_synthetic, false) as is_synthetic,
        episodes.place
    from stated as episodes
    left join stated as continued
        on
            episodes.measure_key = continued.measure_key
            and episodes.source_key = continued.source_key
            and episodes.area_code = continued.area_code
            and episodes.period_key = continued.period_key
            and continued.breakdown = 'reason=new_episode_begins'
    where episodes.measure_key = 'episodes_of_care_finishing' and episodes.breakdown = 'all'

    union all

    -- a document that prints the change and not the number
    select
        printed.flow,
        'change_alone' as basis,
        printed.area_code,
        printed.period_key as financial_year,
        printed.period_start,
        printed.period_end,
        printed.document_key as source_key,
        cast(null as {{ dbt.type_string() }}) as series_id,
        cast(null as double) as value,
        'not_available' as value_status,
        cast(null as {{ dbt.type_string() }}) as revision_status,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        cast(null as {{ dbt.type_string() }}) as coverage_en,
        cast(null as {{ dbt.type_string() }}) as coverage_cy,
        printed.known_from,
        printed.loaded_at,
        false as is_synthetic,
        cast(1 as bigint) as place
    from printed
    left join stated
        on
            printed.measure_key = stated.measure_key
            and printed.document_key = stated.source_key
            and printed.area_code = stated.area_code
            and printed.period_key = stated.period_key
    where stated.source_key is null
),

-- each with the figure of the year before in its own series, from its own source
compared as (
    select
        candidates.*,
        case
            when {{ ratio_status(['candidates.value_status', 'before.value_status'], 'before.value') }} = 'derived'
                then {{ change_pct('candidates.value', 'before.value') }}
            else printed.change_pct
        end as change_pct,
        case
            when {{ ratio_status(['candidates.value_status', 'before.value_status'], 'before.value') }} = 'derived'
                then 'derived'
            when printed.change_pct is not null then 'reported'
            else {{ ratio_status(['candidates.value_status', 'before.value_status'], 'before.value') }}
        end as change_pct_status,
        row_number() over (
            partition by candidates.flow, candidates.area_code, candidates.financial_year
            order by
                case when candidates.value is not null or candidates.value_status = 'suppressed' then 0 else 1 end asc,
                case candidates.basis when 'stated' then 0 else 1 end asc,
                candidates.place asc,
                candidates.source_key asc
        ) as choice
    from candidates
    left join candidates as before
        on
            candidates.flow = before.flow
            and candidates.basis = before.basis
            and candidates.area_code = before.area_code
            and candidates.series_id = before.series_id
            and candidates.source_key = before.source_key
            and candidates.is_synthetic = before.is_synthetic
            and {{ years_before('candidates.period_end', 1) }} = before.period_end
    left join printed
        on
            candidates.flow = printed.flow
            and candidates.source_key = printed.document_key
            and candidates.area_code = printed.area_code
            and candidates.financial_year = printed.period_key
),

chosen as (
    select * from compared
    where choice = 1
),

held as (
    select distinct
        area_code,
        financial_year,
        period_start,
        period_end
    from chosen
),

kinds as (
    select true as is_synthetic
    union all
    select false as is_synthetic
),

-- the number on 31 March to set flows against: the headline, but of the flows' own kind (all real or all synthetic) where
-- there is one
stocks as (
    select
        counts.*,
        kinds.is_synthetic as of_synthetic_flow,
        row_number() over (
            partition by counts.area_code, counts.snapshot_date, kinds.is_synthetic
            order by
                case when counts.is_synthetic = kinds.is_synthetic then 0 else 1 end asc,
                case when counts.is_headline then 0 else 1 end asc,
                case when counts.change_n is not null then 0 else 1 end asc,
                counts.known_from desc,
                counts.source_key asc
        ) as choice
    from {{ ref('children_looked_after') }} as counts
    cross join kinds
),

together as (
    select
        held.area_code,
        held.financial_year,
        held.period_start,
        held.period_end,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        starts.value as starts,
        coalesce(starts.value_status, 'not_available') as starts_status,
        starts.change_pct as starts_change_pct,
        coalesce(starts.change_pct_status, 'not_available') as starts_change_pct_status,
        starts.series_id as starts_series_id,
        starts.source_key as starts_source_key,
        leavers.value as leavers,
        coalesce(leavers.value_status, 'not_available') as leavers_status,
        leavers.change_pct as leavers_change_pct,
        coalesce(leavers.change_pct_status, 'not_available') as leavers_change_pct_status,
        case when leavers.basis <> 'change_alone' then leavers.basis end as leavers_basis,
        leavers.series_id as leavers_series_id,
        leavers.source_key as leavers_source_key,
        stocks.change_n as stock_change,
        coalesce(stocks.change_n_status, 'not_available') as stock_change_status,
        stocks.source_key as stock_source_key,
        coalesce(starts.qualifier, leavers.qualifier) as qualifier,
        coalesce(starts.coverage_en, leavers.coverage_en) as coverage_en,
        coalesce(starts.coverage_cy, leavers.coverage_cy) as coverage_cy,
        -- in the sample a document's real figure stands beside a synthetic one: what is worked out of both is synthetic
        coalesce(starts.is_synthetic, false)
        or coalesce(leavers.is_synthetic, false)
        or coalesce(stocks.is_synthetic, false) as is_synthetic,
        starts.known_from as starts_known_from,
        leavers.known_from as leavers_known_from,
        stocks.known_from as stock_known_from,
        starts.loaded_at as starts_loaded_at,
        leavers.loaded_at as leavers_loaded_at,
        stocks.loaded_at as stock_loaded_at,
        {{ revision_status_of(['starts.revision_status', 'leavers.revision_status', 'stocks.revision_status']) }}
            as revision_status
    from held
    inner join {{ ref('int_area_versions') }} as areas
        on
            held.area_code = areas.area_code
            and held.period_end >= areas.applies_from
            and held.period_end < areas.applies_to
    left join chosen as starts
        on
            held.area_code = starts.area_code
            and held.financial_year = starts.financial_year
            and starts.flow = 'starts'
    left join chosen as leavers
        on
            held.area_code = leavers.area_code
            and held.financial_year = leavers.financial_year
            and leavers.flow = 'leavers'
    left join stocks
        on
            held.area_code = stocks.area_code
            and held.period_end = stocks.snapshot_date
            and stocks.choice = 1
            and stocks.of_synthetic_flow = (
                coalesce(starts.is_synthetic, true) and coalesce(leavers.is_synthetic, true)
            )
),

netted as (
    select
        *,
        {{ derived_status(['starts_status', 'leavers_status']) }} as net_flow_status,
        sum(case when area_type = 'local_authority' and starts is not null and leavers is not null then 1 else 0 end)
            over (partition by financial_year) as authorities_with_both,
        sum(case when area_type = 'local_authority' then 1 else 0 end) over (partition by financial_year)
            as authorities_there
    from together
),

settled as (
    select
        *,
        case when net_flow_status = 'derived' then starts - leavers end as net_flow,
        {{ derived_status(['net_flow_status', 'stock_change_status']) }} as unexplained_residual_status
    from netted
),

expected as (
    {{ authorities_on('held', 'period_end') }}
)

select
    settled.area_code,
    settled.area_version_key,
    settled.area_name_en,
    settled.area_name_cy,
    settled.coverage_en,
    settled.coverage_cy,
    settled.financial_year,
    settled.period_start,
    settled.period_end,
    cast(settled.starts as bigint) as starts,
    settled.starts_status,
    settled.starts_change_pct,
    settled.starts_change_pct_status,
    cast(settled.leavers as bigint) as leavers,
    settled.leavers_status,
    settled.leavers_change_pct,
    settled.leavers_change_pct_status,
    settled.leavers_basis,
    cast(settled.net_flow as bigint) as net_flow,
    settled.net_flow_status,
    cast(settled.stock_change as bigint) as stock_change,
    settled.stock_change_status,
    cast(
        case when settled.unexplained_residual_status = 'derived' then settled.stock_change - settled.net_flow end as bigint
    ) as unexplained_residual,
    settled.unexplained_residual_status,
    {{ safety_companion_columns('companions') }},
    settled.starts_series_id,
    settled.leavers_series_id,
    coalesce(settled.starts_series_id, 'none') || '+' || coalesce(settled.leavers_series_id, 'none') as series_id,
    settled.starts_source_key,
    settled.leavers_source_key,
    settled.stock_source_key,
    coalesce(settled.starts_source_key, settled.leavers_source_key) as source_key,
    settled.qualifier,
    settled.area_type = 'country' and settled.authorities_there > 0 as is_total,
    case when settled.area_type <> 'country' then 'W92000004' end as adds_to,
    case when settled.area_type = 'country' and settled.authorities_there > 0 then 'published' end as total_basis,
    case
        when settled.area_type = 'country' and settled.authorities_there > 0
            then cast(settled.authorities_with_both as bigint)
    end as areas_reporting,
    case
        when settled.area_type = 'country' and settled.authorities_there > 0 then cast(expected.areas_expected as bigint)
    end as areas_expected,
    settled.revision_status,
    {{ latest_of([
        'settled.starts_known_from', 'settled.leavers_known_from', 'settled.stock_known_from', 'companions.known_from'
    ]) }} as known_from,
    cast(null as timestamp) as known_to,
    {{ latest_of([
        'settled.starts_loaded_at', 'settled.leavers_loaded_at', 'settled.stock_loaded_at', 'companions.loaded_at'
    ]) }} as loaded_at,
    'public' as audience,
    {{ latest_of([
        'settled.starts_known_from', 'settled.leavers_known_from', 'settled.stock_known_from', 'companions.known_from'
    ]) }} as release_at,
    settled.is_synthetic or coalesce(companions.is_synthetic, false) as is_synthetic
from settled
left join expected on settled.period_end = expected.period_end
left join {{ ref('int_safety_companions') }} as companions
    on
        settled.area_code = companions.area_code
        and settled.financial_year = companions.financial_year
