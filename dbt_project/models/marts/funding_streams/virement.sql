-- Grain: return_key × area_code × financial_year × from_stream_key × to_stream_key. Amounts count from the start of the year,
-- so that the last period of the year for which there is an accepted submission stands. Of a year with limits and an
-- authority without a return, what each programme might lose stands without an amount: nobody knows what it did lose.
with
latest as (
    select
        *,
        row_number() over (
            partition by return_key, area_code, financial_year order by period_end desc
        ) as recency
    from {{ ref('int_return_submissions') }}
    where is_public and known_to is null and not coalesce(is_nil, false)
),

move_rows as (
    select
        cells.submission_id,
        cells.sheet,
        cells.row_number,
        {{ role_text('from_stream_key') }} as from_stream_key,
        {{ role_text('to_stream_key') }} as to_stream_key,
        {{ role_sum('amount_gbp') }} as amount_gbp,
        {{ role_status('amount_gbp') }} as amount_gbp_status,
        {{ role_sum('programme_budget_gbp') }} as programme_budget_gbp
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'virement'
    group by cells.submission_id, cells.sheet, cells.row_number
),

moves as (
    select
        submission_id,
        from_stream_key,
        to_stream_key,
        sum(amount_gbp) as amount_gbp,
        case
            when count(*) = 1 then min(amount_gbp_status)
            when count(amount_gbp) = 0 then min(amount_gbp_status)
            when count(amount_gbp) < count(*) then 'partial'
            else 'derived'
        end as amount_gbp_status,
        max(programme_budget_gbp) as programme_budget_gbp
    from move_rows
    where from_stream_key is not null and to_stream_key is not null
    group by submission_id, from_stream_key, to_stream_key
),

-- the budget of a programme before anything moved, from the same submission
budgets as (
    select
        submission_id,
        stream_key,
        sum(coalesce(original_budget_gbp, budget_gbp)) as programme_budget_gbp
    from {{ ref('int_grant_spend_rows') }}
    group by submission_id, stream_key
),

priced as (
    select
        moves.*,
        latest.return_key,
        latest.source_key,
        latest.area_code,
        latest.area_version_key,
        latest.area_name_en,
        latest.area_name_cy,
        latest.financial_year,
        latest.period_key,
        latest.period_start,
        latest.period_end,
        latest.submission_version,
        latest.public_from,
        latest.public_to,
        latest.accepted_at,
        latest.audience,
        latest.release_at,
        latest.is_synthetic,
        coalesce(moves.programme_budget_gbp, budgets.programme_budget_gbp) as budget_gbp,
        case
            when moves.programme_budget_gbp is not null then 'reported'
            when budgets.programme_budget_gbp is not null then 'derived'
            else 'not_available'
        end as budget_gbp_status,
        sum(moves.amount_gbp) over (partition by moves.submission_id, moves.from_stream_key) as moved_out_gbp,
        -- one amount that nobody knows leaves the whole unknown
        count(*) over (partition by moves.submission_id, moves.from_stream_key)
        = count(moves.amount_gbp) over (partition by moves.submission_id, moves.from_stream_key) as is_moved_out_known,
        limits.limit_pct
    from moves
    inner join latest on moves.submission_id = latest.submission_id and latest.recency = 1
    left join budgets on moves.submission_id = budgets.submission_id and moves.from_stream_key = budgets.stream_key
    left join {{ ref('flexible_funding_pathfinders') }} as pathfinders
        on latest.area_code = pathfinders.area_code and latest.financial_year = pathfinders.financial_year
    left join {{ ref('virement_limits') }} as limits
        on
            latest.financial_year = limits.financial_year
            and moves.from_stream_key = limits.stream_key
            and latest.area_type = 'local_authority'
            and limits.applies_to
            = case when pathfinders.area_code is null then 'non_pathfinder' else 'pathfinder' end
),

worked_out as (
    select
        *,
        case when budget_gbp > 0 then cast(100.0 * amount_gbp as double) / budget_gbp end as moved_pct,
        case when budget_gbp > 0 and is_moved_out_known then cast(100.0 * moved_out_gbp as double) / budget_gbp end
            as total_moved_out_pct
    from priced
),

-- the returns that ask what was moved, by authority and year: whether one stands, and whether one is due that never came
asked as (
    select
        expected.area_code,
        {{ financial_year('expected.period_end') }} as financial_year,
        max(case when received.is_public and received.known_to is null then 1 else 0 end) as has_answered,
        max(
            case
                when
                    received.submission_id is null
                    and coalesce(expected.is_required, true)
                    and coalesce(expected.is_collected, true)
                    and coalesce(expected.extended_due_date, expected.original_due_date) < moment.built_on
                    then 1
                else 0
            end
        ) as is_overdue
    from {{ ref('stg_returns__expected') }} as expected
    cross join {{ ref('int_build_moment') }} as moment
    inner join (
        select distinct return_key
        from {{ ref('stg_returns__columns') }}
        where feed = 'virement'
    ) as asking on expected.return_key = asking.return_key
    left join {{ ref('int_return_submissions') }} as received
        on
            expected.return_key = received.return_key
            and expected.area_code = received.area_code
            and expected.period_key = received.period_key
    group by expected.area_code, {{ financial_year('expected.period_end') }}
),

years_with_limits as (
    select distinct
        financial_year,
        {{ date_of("cast(substr(financial_year, 1, 4) as integer)", 4, 1) }} as period_start,
        {{ date_of("cast(substr(financial_year, 1, 4) as integer) + 1", 3, 31) }} as period_end
    from {{ ref('virement_limits') }}
),

-- no return: the limit stands by itself
limits_only as (
    select
        areas.area_code,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        years.financial_year,
        years.period_start,
        years.period_end,
        limits.stream_key,
        limits.limit_pct,
        limits.document_key,
        cast(documents.known_from as timestamp) as known_from,
        case
            when asked.area_code is null then 'not_collected'
            when asked.is_overdue = 1 then 'not_received'
            else 'not_available'
        end as moved_status
    from years_with_limits as years
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_type = 'local_authority'
            and years.period_end >= areas.valid_from
            and (areas.valid_to is null or years.period_end < areas.valid_to)
    left join {{ ref('flexible_funding_pathfinders') }} as pathfinders
        on areas.area_code = pathfinders.area_code and years.financial_year = pathfinders.financial_year
    inner join {{ ref('virement_limits') }} as limits
        on
            years.financial_year = limits.financial_year
            and limits.applies_to
            = case when pathfinders.area_code is null then 'non_pathfinder' else 'pathfinder' end
    inner join {{ ref('documents') }} as documents on limits.document_key = documents.document_key
    left join asked on areas.area_code = asked.area_code and years.financial_year = asked.financial_year
    where asked.area_code is null or asked.has_answered = 0
)

select
    moved.return_key,
    moved.area_code,
    moved.area_version_key,
    moved.area_name_en,
    moved.area_name_cy,
    moved.financial_year,
    moved.period_key,
    moved.period_start,
    moved.period_end,
    moved.from_stream_key,
    sources.name_en as from_stream_name_en,
    sources.name_cy as from_stream_name_cy,
    moved.to_stream_key,
    targets.name_en as to_stream_name_en,
    targets.name_cy as to_stream_name_cy,
    cast(moved.amount_gbp as decimal(18, 2)) as amount_gbp,
    moved.amount_gbp_status,
    cast(moved.budget_gbp as decimal(18, 2)) as programme_budget_gbp,
    moved.budget_gbp_status as programme_budget_gbp_status,
    moved.moved_pct,
    case when moved.moved_pct is null then 'not_available' else 'derived' end as moved_pct_status,
    moved.total_moved_out_pct,
    case when moved.total_moved_out_pct is null then 'not_available' else 'derived' end as total_moved_out_pct_status,
    cast(moved.limit_pct as double) as limit_pct,
    case when moved.limit_pct is null then 'not_applicable' else 'reported' end as limit_pct_status,
    moved.total_moved_out_pct <= moved.limit_pct as within_limit,
    moved.submission_id,
    moved.submission_version,
    false as is_total,
    cast(null as {{ dbt.type_string() }}) as adds_to,
    cast(null as {{ dbt.type_string() }}) as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    moved.source_key || '.virement' as series_id,
    moved.source_key,
    moved.public_from as known_from,
    moved.public_to as known_to,
    moved.accepted_at as loaded_at,
    moved.audience,
    moved.release_at,
    moved.is_synthetic
from worked_out as moved
left join {{ ref('funding_streams') }} as sources on moved.from_stream_key = sources.stream_key
left join {{ ref('funding_streams') }} as targets on moved.to_stream_key = targets.stream_key

union all

select
    cast(null as {{ dbt.type_string() }}) as return_key,
    limited.area_code,
    limited.area_version_key,
    limited.area_name_en,
    limited.area_name_cy,
    limited.financial_year,
    limited.financial_year as period_key,
    limited.period_start,
    limited.period_end,
    limited.stream_key as from_stream_key,
    sources.name_en as from_stream_name_en,
    sources.name_cy as from_stream_name_cy,
    cast(null as {{ dbt.type_string() }}) as to_stream_key,
    cast(null as {{ dbt.type_string() }}) as to_stream_name_en,
    cast(null as {{ dbt.type_string() }}) as to_stream_name_cy,
    cast(null as decimal(18, 2)) as amount_gbp,
    limited.moved_status as amount_gbp_status,
    cast(null as decimal(18, 2)) as programme_budget_gbp,
    limited.moved_status as programme_budget_gbp_status,
    cast(null as double) as moved_pct,
    limited.moved_status as moved_pct_status,
    cast(null as double) as total_moved_out_pct,
    limited.moved_status as total_moved_out_pct_status,
    cast(limited.limit_pct as double) as limit_pct,
    'reported' as limit_pct_status,
    cast(null as boolean) as within_limit,
    cast(null as {{ dbt.type_string() }}) as submission_id,
    cast(null as bigint) as submission_version,
    false as is_total,
    cast(null as {{ dbt.type_string() }}) as adds_to,
    cast(null as {{ dbt.type_string() }}) as total_basis,
    cast(null as bigint) as areas_reporting,
    cast(null as bigint) as areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    limited.document_key || '.virement' as series_id,
    limited.document_key as source_key,
    limited.known_from,
    cast(null as timestamp) as known_to,
    limited.known_from as loaded_at,
    'public' as audience,
    limited.known_from as release_at,
    false as is_synthetic
from limits_only as limited
left join {{ ref('funding_streams') }} as sources on limited.stream_key = sources.stream_key
