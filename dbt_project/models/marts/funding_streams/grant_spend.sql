-- Grain: return_key × stream_key × area_code × project_key × period_key × capital_or_revenue. Latest accepted submission.
with
latest as (
    select * from {{ ref('int_return_submissions') }}
    where is_public and known_to is null
),

answers as (
    {{ areas_of_returns('latest') }}
),

-- the offer letter in force: the last variation from a day in the period or before, that was known then
offers as (
    select
        latest.submission_id,
        offers.stream_key,
        offers.project_key,
        offers.capital_or_revenue,
        offers.original_budget_gbp,
        offers.revised_budget_gbp,
        row_number() over (
            partition by latest.submission_id, offers.stream_key, offers.project_key, offers.capital_or_revenue
            order by offers.version desc, offers.offer_id asc
        ) as recency
    from latest
    inner join {{ ref('stg_returns__offers') }} as offers
        on
            latest.area_code = offers.area_code
            and latest.financial_year = offers.financial_year
            and latest.period_end >= offers.effective_from
            and latest.built_at >= offers.known_from
),

lines as (
    select
        latest.*,
        lines.stream_key,
        lines.project_key,
        lines.capital_or_revenue,
        lines.project_name,
        lines.lead_partner_code,
        coalesce(lines.original_budget_gbp, offers.original_budget_gbp) as original_budget_gbp,
        case
            when lines.original_budget_gbp is null and offers.original_budget_gbp is not null then 'derived'
            else lines.original_budget_gbp_status
        end as original_budget_gbp_status,
        coalesce(lines.budget_gbp, offers.revised_budget_gbp) as budget_gbp,
        case
            when lines.budget_gbp is null and offers.revised_budget_gbp is not null then 'derived'
            else lines.budget_gbp_status
        end as budget_gbp_status,
        lines.profile_gbp,
        lines.profile_gbp_status,
        lines.spend_to_date_gbp,
        lines.spend_to_date_gbp_status,
        lines.forecast_gbp,
        lines.forecast_gbp_status,
        lines.accruals_gbp,
        lines.accruals_gbp_status,
        lines.clawback_gbp,
        lines.clawback_gbp_status,
        {{ extract('latest.period_key', ' Q([1-4])$') }} as quarter
    from {{ ref('int_grant_spend_rows') }} as lines
    inner join latest on lines.submission_id = latest.submission_id
    left join offers
        on
            offers.recency = 1
            and lines.submission_id = offers.submission_id
            and lines.stream_key = offers.stream_key
            and lines.project_key = coalesce(offers.project_key, 'all')
            and lines.capital_or_revenue = coalesce(offers.capital_or_revenue, 'all')
),

-- of a stream that two returns report on (St David’s Day Fund by itself and inside the Children and Communities Grant) the
-- money counts once: where the return covers more streams
widths as (
    select
        return_key,
        area_code,
        financial_year,
        count(distinct stream_key) as streams
    from lines
    group by return_key, area_code, financial_year
),

preferred as (
    select
        lines.area_code,
        lines.financial_year,
        lines.stream_key,
        lines.return_key,
        row_number() over (
            partition by lines.area_code, lines.financial_year, lines.stream_key
            order by max(widths.streams) desc, lines.return_key asc
        ) as place
    from lines
    inner join widths
        on
            lines.return_key = widths.return_key
            and lines.area_code = widths.area_code
            and lines.financial_year = widths.financial_year
    group by lines.area_code, lines.financial_year, lines.stream_key, lines.return_key
),

compared as (
    select
        lines.*,
        before.spend_to_date_gbp as spend_before_gbp,
        before.spend_to_date_gbp_status as spend_before_status,
        before.is_synthetic as before_is_synthetic,
        preferred.place = 1 as counts_towards_total
    from lines
    left join lines as before
        on
            lines.return_key = before.return_key
            and lines.area_code = before.area_code
            and lines.financial_year = before.financial_year
            and lines.stream_key = before.stream_key
            and lines.project_key = before.project_key
            and lines.capital_or_revenue = before.capital_or_revenue
            and {{ canonical('lines.quarter', 'integer') }} = {{ canonical('before.quarter', 'integer') }} + 1
    inner join preferred
        on
            lines.area_code = preferred.area_code
            and lines.financial_year = preferred.financial_year
            and lines.stream_key = preferred.stream_key
            and lines.return_key = preferred.return_key
),

worked_out as (
    select
        *,
        case
            when quarter = '1' then spend_to_date_gbp
            when quarter is not null then spend_to_date_gbp - spend_before_gbp
        end as spend_in_quarter_gbp,
        spend_to_date_gbp - profile_gbp as variance_gbp
    from compared
)

select
    spend.return_key,
    spend.stream_key,
    streams.name_en as stream_name_en,
    streams.name_cy as stream_name_cy,
    streams.parent_stream_key,
    spend.area_code,
    spend.area_version_key,
    spend.area_name_en,
    spend.area_name_cy,
    spend.project_key,
    spend.project_name,
    spend.capital_or_revenue,
    spend.lead_partner_code,
    spend.financial_year,
    spend.period_key,
    spend.period_start,
    spend.period_end,
    spend.original_budget_gbp,
    spend.original_budget_gbp_status,
    spend.budget_gbp,
    spend.budget_gbp_status,
    spend.profile_gbp,
    spend.profile_gbp_status,
    spend.spend_to_date_gbp,
    spend.spend_to_date_gbp_status,
    cast(spend.spend_in_quarter_gbp as decimal(18, 2)) as spend_in_quarter_gbp,
    case
        when spend.quarter is null then 'not_applicable'
        when spend.spend_in_quarter_gbp is null then 'not_available'
        when spend.spend_to_date_gbp_status = 'partial' or spend.spend_before_status = 'partial' then 'partial'
        else 'derived'
    end as spend_in_quarter_gbp_status,
    spend.forecast_gbp,
    spend.forecast_gbp_status,
    spend.accruals_gbp,
    spend.accruals_gbp_status,
    spend.clawback_gbp,
    spend.clawback_gbp_status,
    cast(spend.variance_gbp as decimal(18, 2)) as variance_gbp,
    case
        when spend.variance_gbp is null then 'not_available'
        when spend.spend_to_date_gbp_status = 'partial' or spend.profile_gbp_status = 'partial' then 'partial'
        else 'derived'
    end as variance_gbp_status,
    spend.counts_towards_total,
    spend.submission_id,
    spend.submission_version,
    spend.received_at as submitted_at,
    false as is_total,
    -- the St David’s Day Fund is part of the Children and Communities Grant since April 2019 only
    case
        when streams.parent_from is null or spend.period_end >= streams.parent_from then streams.parent_stream_key
    end as adds_to,
    cast(null as {{ dbt.type_string() }}) as total_basis,
    -- who is missing from a sum over the areas of a period: they have no row here
    answers.areas_reporting,
    answers.areas_expected,
    spend.source_key || '.' || spend.stream_key as series_id,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    spend.source_key,
    spend.public_from as known_from,
    spend.public_to as known_to,
    spend.accepted_at as loaded_at,
    spend.audience,
    spend.release_at,
    spend.is_synthetic or coalesce(spend.before_is_synthetic, false) as is_synthetic
from worked_out as spend
left join answers on spend.return_key = answers.return_key and spend.period_key = answers.period_key
left join {{ ref('funding_streams') }} as streams on spend.stream_key = streams.stream_key
