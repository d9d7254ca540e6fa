-- Grain: area_code × financial_year × service_line.
with
deflators as (
    select
        financial_year,
        deflator,
        base_deflator,
        price_base_year,
        known_from
    from {{ ref('stg_imported__gdp_deflators') }}
    where known_to is null
),

labels as (
    select
        member_key,
        max(label_en) as label_en,
        max(label_cy) as label_cy
    from {{ ref('int_breakdown_labels') }}
    where breakdown_key = 'service'
    group by member_key
),

read_lines as (
    select
        outturn.*,
        coalesce(lines.label_en, labels.label_en, outturn.service_line) as service_line_en,
        coalesce(lines.label_cy, labels.label_cy, labels.label_en, outturn.service_line) as service_line_cy,
        lines.adds_to,
        lines.spend_class,
        -- a line that we do not know yet is of no class that anybody gave it
        coalesce(lines.spend_class_status, 'not_available') as spend_class_status,
        coalesce(lines.is_children_service, false) as is_children_service,
        lines.service_line is null as is_unknown_line
    from {{ ref('int_social_services_outturn') }} as outturn
    left join {{ ref('social_service_lines') }} as lines on outturn.service_line = lines.service_line
    left join labels on outturn.service_line = labels.member_key
),

-- the whole that a share is of: the same area and year, and money counted on the same basis. What is real is no share of what
-- is synthetic; the share of a synthetic line is synthetic whatever it is of.
shared as (
    select
        read_lines.*,
        case
            when read_lines.is_unknown_line then 'not_available'
            when not read_lines.is_children_service then 'not_applicable'
            else {{ quotient_status(
                part_of_whole_pct('read_lines.value', 'wholes.value'), ['read_lines.value_status', 'wholes.value_status']
            ) }}
        end as share_status,
        {{ part_of_whole_pct('read_lines.value', 'wholes.value') }} as share_pct
    from read_lines
    left join read_lines as wholes
        on
            wholes.service_line = 'all_children_and_families'
            and read_lines.area_code = wholes.area_code
            and read_lines.financial_year = wholes.financial_year
            and read_lines.expenditure_basis = wholes.expenditure_basis
            and (read_lines.is_synthetic or not wholes.is_synthetic)
),

wholes_there as (
    select distinct
        area_code,
        financial_year,
        adds_to as service_line
    from read_lines
    where adds_to is not null
)

select
    shared.area_code,
    shared.area_version_key,
    shared.area_name_en,
    shared.area_name_cy,
    shared.coverage_en,
    shared.coverage_cy,
    shared.measure_version_key,
    shared.financial_year,
    shared.period_start,
    shared.period_end,
    shared.service_line,
    shared.service_line_en,
    shared.service_line_cy,
    shared.breakdown,
    shared.spend_class,
    shared.spend_class_status,
    classes.label_en as spend_class_en,
    classes.label_cy as spend_class_cy,
    shared.expenditure_basis,
    {{ expenditure_basis_label('shared.expenditure_basis', 'en') }} as expenditure_basis_en,
    {{ expenditure_basis_label('shared.expenditure_basis', 'cy') }} as expenditure_basis_cy,
    cast(shared.value as decimal(18, 2)) as amount_gbp,
    shared.value_status as amount_gbp_status,
    shared.value_status,
    cast(shared.net_value as decimal(18, 2)) as amount_net_gbp,
    case
        when shared.net_value is null then 'not_available'
        when shared.value_status in ('reported', 'partial') then shared.value_status
        else 'derived'
    end as amount_net_gbp_status,
    cast({{ real_terms('shared.value', 'deflators.deflator', 'deflators.base_deflator') }} as decimal(18, 2))
        as amount_real_gbp,
    case
        when shared.value is null then shared.value_status
        when deflators.deflator is null then 'not_available'
        when shared.value_status = 'partial' then 'partial'
        else 'derived'
    end as amount_real_gbp_status,
    deflators.price_base_year,
    deflators.known_from as deflator_known_from,
    case when shared.share_status = 'derived' then shared.share_pct end as share_of_children_services_pct,
    shared.share_status as share_of_children_services_pct_status,
    cast(shared.rounding_base as double) as rounding_base,
    -- lines nest in one area (`adds_to`), and of one line areas do (`area_adds_to`)
    wholes_there.service_line is not null as is_total,
    shared.adds_to,
    case when shared.area_type <> 'country' then 'W92000004' end as area_adds_to,
    case
        when
            shared.area_type = 'country'
            or wholes_there.service_line is not null
            or shared.total_basis = 'difference'
            then coalesce(shared.total_basis, 'published')
    end as total_basis,
    shared.areas_reporting,
    shared.areas_expected,
    shared.qualifier,
    shared.revision_status,
    shared.note_codes,
    shared.series_id || '.' || shared.expenditure_basis as series_id,
    shared.source_key,
    shared.known_from,
    cast(null as timestamp) as known_to,
    shared.loaded_at,
    'public' as audience,
    shared.known_from as release_at,
    shared.is_synthetic,
    shared.load_id,
    shared.landed_sha256,
    shared.source_row
from shared
left join {{ ref('spend_classes') }} as classes on shared.spend_class = classes.spend_class
left join deflators on shared.financial_year = deflators.financial_year
left join wholes_there
    on
        shared.area_code = wholes_there.area_code
        and shared.financial_year = wholes_there.financial_year
        and shared.service_line = wholes_there.service_line
