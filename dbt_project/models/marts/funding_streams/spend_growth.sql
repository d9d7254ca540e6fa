-- Grain: area_code × from_year × to_year × denominator_basis. Every year against every earlier one of its series: from
-- one year to the next, and over any longer span. No pair spans two series, of money or of children.
{#- what grew, of which status, and where it has no growth -#}
{%- set over_nobody = "'not_applicable' in (unit_cost_status_now, unit_cost_status_before)" %}
{%- set growths = [
    ('children_growth', 'children_status', 'false'),
    ('spend_growth', 'spend_status', 'false'),
    ('unit_cost_growth', 'unit_cost_status', over_nobody),
    ('numbers_share', 'unit_cost_status', over_nobody),
    ('other_growth', 'other_status', 'other_is_broken'),
] %}
with
years as (
    select
        per_child.*,
        others.amount_gbp as other_children_gbp,
        others.amount_gbp_status as other_children_status,
        others.series_id as other_children_series_id,
        others.known_from as other_children_known_from,
        others.loaded_at as other_children_loaded_at,
        others.is_synthetic as other_children_is_synthetic
    from {{ ref('spend_per_child') }} as per_child
    left join {{ ref('social_services_outturn') }} as others
        on
            per_child.area_code = others.area_code
            and per_child.financial_year = others.financial_year
            and others.service_line = 'other_children'
),

pairs as (
    select
        later.area_code,
        later.area_version_key,
        later.area_name_en,
        later.area_name_cy,
        later.coverage_en,
        later.coverage_cy,
        earlier.financial_year as from_year,
        later.financial_year as to_year,
        earlier.period_start as from_period_start,
        later.period_start as to_period_start,
        later.period_end as to_period_end,
        earlier.period_end as from_period_end,
        later.denominator_basis,
        later.denominator_basis_en,
        later.denominator_basis_cy,
        later.expenditure_basis,
        later.expenditure_basis_en,
        later.expenditure_basis_cy,
        later.is_total,
        later.total_basis,
        case when earlier.areas_reporting < later.areas_reporting then earlier.areas_reporting else later.areas_reporting end
            as areas_reporting,
        later.areas_expected,
        later.series_id,
        later.children_series_id,
        later.source_key,
        coalesce(later.qualifier, earlier.qualifier) as qualifier,
        case
            when 'provisional' in (earlier.revision_status, later.revision_status) then 'provisional'
            else coalesce(later.revision_status, earlier.revision_status)
        end as revision_status,
        {%- for year, suffix in [('earlier', 'before'), ('later', 'now')] %}
            {{ year }}.children as children_{{ suffix }},
            {{ year }}.children_status as children_status_{{ suffix }},
            {{ year }}.looked_after_spend_gbp as spend_{{ suffix }},
            {{ year }}.looked_after_spend_gbp_status as spend_status_{{ suffix }},
            -- of money and children as they stand, and not of a cost that was rounded to the penny
            cast({{ year }}.looked_after_spend_gbp as double) / nullif({{ year }}.children, 0) as unit_cost_{{ suffix }},
            {{ year }}.spend_per_child_gbp_status as unit_cost_status_{{ suffix }},
            case
                when later.other_children_series_id = earlier.other_children_series_id then {{ year }}.other_children_gbp
            end as other_{{ suffix }},
            coalesce({{ year }}.other_children_status, 'not_available') as other_status_{{ suffix }},
        {%- endfor %}
        coalesce(later.other_children_series_id <> earlier.other_children_series_id, false) as other_is_broken,
        {{ latest_of([
            'earlier.known_from', 'later.known_from', 'earlier.other_children_known_from',
            'later.other_children_known_from'
        ]) }} as known_from,
        {{ latest_of([
            'earlier.loaded_at', 'later.loaded_at', 'earlier.other_children_loaded_at', 'later.other_children_loaded_at'
        ]) }} as loaded_at,
        earlier.spend_per_child_is_synthetic
        or later.spend_per_child_is_synthetic
        or coalesce(earlier.other_children_is_synthetic, false)
        or coalesce(later.other_children_is_synthetic, false) as is_synthetic,
        coalesce(earlier.small_number_flag or later.small_number_flag, false) as small_number_flag
    from years as later
    inner join years as earlier
        on
            later.area_code = earlier.area_code
            and later.denominator_basis = earlier.denominator_basis
            and later.series_id = earlier.series_id
            and later.children_series_id = earlier.children_series_id
            and later.period_end > earlier.period_end
),

worked_out as (
    select
        pairs.*,
        {{ change_pct('children_now', 'children_before') }} as children_growth,
        {{ change_pct('spend_now', 'spend_before') }} as spend_growth,
        {{ change_pct('unit_cost_now', 'unit_cost_before') }} as unit_cost_growth,
        {{ growth_share_pct('children_now', 'children_before', 'spend_now', 'spend_before') }} as numbers_share,
        {{ growth_share_pct('unit_cost_now', 'unit_cost_before', 'spend_now', 'spend_before') }} as unit_cost_share,
        {{ change_pct('other_now', 'other_before') }} as other_growth,
        {{ index_of_change('spend_now', 'spend_before') }} as spend_index_raw,
        {{ index_of_change('children_now', 'children_before') }} as children_index_raw,
        {{ index_of_change('unit_cost_now', 'unit_cost_before') }} as unit_cost_index_raw
    from pairs
),

judged as (
    select
        {%- for growth, status, has_none in growths %}
            case
                when {{ has_none }} then 'not_applicable'
                else {{ quotient_status(growth, [status ~ '_now', status ~ '_before']) }}
            end as {{ growth }}_status,
        {%- endfor %}
        worked_out.*
    from worked_out
)

select
    area_code,
    area_version_key,
    area_name_en,
    area_name_cy,
    coverage_en,
    coverage_cy,
    from_year,
    to_year,
    from_period_start,
    to_period_end,
    -- one year and the next
    from_period_end = {{ years_before('to_period_end', 1) }} as is_consecutive,
    denominator_basis,
    denominator_basis_en,
    denominator_basis_cy,
    expenditure_basis,
    expenditure_basis_en,
    expenditure_basis_cy,
    case when children_growth_status = 'derived' then children_growth end as children_growth_pct,
    children_growth_status as children_growth_pct_status,
    case when spend_growth_status = 'derived' then spend_growth end as spend_growth_pct,
    spend_growth_status as spend_growth_pct_status,
    case when unit_cost_growth_status = 'derived' then unit_cost_growth end as unit_cost_growth_pct,
    unit_cost_growth_status as unit_cost_growth_pct_status,
    case when numbers_share_status = 'derived' then numbers_share end as numbers_share_pct,
    numbers_share_status as numbers_share_pct_status,
    case when numbers_share_status = 'derived' then unit_cost_share end as unit_cost_share_pct,
    numbers_share_status as unit_cost_share_pct_status,
    case when other_growth_status = 'derived' then other_growth end as other_children_spend_growth_pct,
    other_growth_status as other_children_spend_growth_pct_status,
    case when children_growth_status = 'derived' then children_index_raw end as children_index,
    children_growth_status as children_index_status,
    case when spend_growth_status = 'derived' then spend_index_raw end as spend_index,
    spend_growth_status as spend_index_status,
    case when unit_cost_growth_status = 'derived' then unit_cost_index_raw end as unit_cost_index,
    unit_cost_growth_status as unit_cost_index_status,
    small_number_flag,
    is_total,
    cast(null as {{ dbt.type_string() }}) as adds_to,
    total_basis,
    areas_reporting,
    areas_expected,
    qualifier,
    revision_status,
    series_id,
    children_series_id,
    source_key,
    known_from,
    cast(null as timestamp) as known_to,
    loaded_at,
    'public' as audience,
    known_from as release_at,
    is_synthetic
from judged
