-- Grain: submission_id × stream_key × project_key × capital_or_revenue. What a submission says of a line of a grant: the rows
-- of its own template summed where that splits a line further (by partner).
with
cells as (
    select cells.*
    from {{ ref('int_return_cells_protected') }} as cells
    where cells.feed = 'grant_spend'
),

named as (
    select
        submission_id,
        sheet,
        row_number,
        {{ role_text('stream_key') }} as stream_key,
        coalesce({{ role_text('project_key') }}, 'all') as project_key,
        coalesce({{ role_text('capital_or_revenue') }}, 'all') as capital_or_revenue
    from cells
    group by submission_id, sheet, row_number
)

select
    cells.submission_id,
    named.stream_key,
    named.project_key,
    named.capital_or_revenue,
    {{ role_text('project_name') }} as project_name,
    case when count(distinct case when role = 'lead_partner' then value end) = 1 then {{ role_text('lead_partner') }} end
        as lead_partner_code,
    {% for role in [
        'original_budget_gbp', 'budget_gbp', 'profile_gbp', 'forecast_gbp', 'accruals_gbp', 'clawback_gbp',
    ] -%}
        {{ role_sum(role) }} as {{ role }},
        {{ role_status(role) }} as {{ role }}_status,
    {% endfor -%}
    {{ role_sum('spend_to_date_gbp') }} as spend_to_date_gbp,
    {{ role_status('spend_to_date_gbp') }} as spend_to_date_gbp_status
from cells
inner join named
    on
        cells.submission_id = named.submission_id
        and cells.sheet = named.sheet
        and cells.row_number = named.row_number
where named.stream_key is not null
group by cells.submission_id, named.stream_key, named.project_key, named.capital_or_revenue
