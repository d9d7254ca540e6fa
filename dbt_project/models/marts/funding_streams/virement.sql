-- Grain: return_key × area_code × financial_year × from_stream_key × to_stream_key. Amounts count from the start of the year,
-- so that the last period of the year for which there is an accepted submission stands.
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
