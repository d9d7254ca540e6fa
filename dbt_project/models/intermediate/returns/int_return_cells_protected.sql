-- Grain: submission_id × sheet × row_number × role. Every cell that may be published, as it may be: of released submissions,
-- numbers about people protected. A percentage beside them is worked out anew from what is published of its numerator and
-- denominator, or withheld. What people wrote beside such a number does not say it in figures. Progress against a reduction
-- plan is published for nobody.
with
cells as (
    select
        cells.*,
        -- equal keys only: a join on a condition of one side compares every row with every other
        case when cells.is_disclosive then 'cell' when cells.type = 'percent' then 'percent' end as joins_as,
        'row|' || cells.submission_id || '|' || cells.sheet || '|' || cast(cells.row_number as {{ dbt.type_string() }})
            as set_id
    from {{ ref('int_return_cells') }} as cells
    inner join {{ ref('int_return_submissions') }} as submissions on cells.submission_id = submissions.submission_id
    where submissions.is_public and coalesce(cells.feed, '') <> 'reduction_progress'
),

-- what is published of the numbers that a percentage of the row is made of
bases as (
    select
        cells.set_id,
        max(case when cells.role = 'numerator' then protection.value end) as numerator,
        max(case when cells.role in ('denominator', 'responses') then protection.value end) as denominator,
        count(*) as protected_cells,
        max(case when protection.is_suppressed then 1 else 0 end) as any_suppressed
    from cells
    inner join {{ ref('int_return_protection') }} as protection on cells.set_id || '|' || cells.role = protection.cell_id
    group by cells.set_id
),

-- the figures of the numbers of a row that are not published as they are
unsaid as (
    select
        cells.set_id,
        {{ join_texts("cast(cast(cells.value_number as bigint) as " ~ dbt.type_string() ~ ")", '|', 'cells.role') }}
            as numerals
    from cells
    inner join {{ ref('int_return_protection') }} as protection on cells.set_id || '|' || cells.role = protection.cell_id
    where
        cells.value_number = round(cells.value_number)
        and (protection.is_suppressed or protection.value <> cells.value_number)
    group by cells.set_id
),

keyed as (
    select
        *,
        case when type in ('narrative', 'text') and not is_grain then set_id end as text_set_id,
        case when joins_as = 'cell' then set_id || '|' || role end as cell_id,
        case when joins_as = 'percent' then set_id end as percent_set_id,
        case when role = 'response_pct' then set_id || '|answering' end as answering_id
    from cells
),

judged as (
    select
        cells.*,
        protection.cell_id is not null as is_protected,
        coalesce(protection.is_suppressed, false) as is_suppressed,
        protection.value as protected_value,
        bases.denominator,
        coalesce(answering.value, bases.numerator) as numerator,
        coalesce(bases.protected_cells, 0) as protected_cells,
        coalesce(bases.any_suppressed, 0) as any_suppressed,
        unsaid.numerals
    from keyed as cells
    left join {{ ref('int_return_protection') }} as protection on cells.cell_id = protection.cell_id
    left join bases on cells.percent_set_id = bases.set_id
    left join unsaid on cells.text_set_id = unsaid.set_id
    left join {{ ref('int_return_protection') }} as answering on cells.answering_id = answering.cell_id
),

decided as (
    select
        *,
        case
            when is_protected and is_suppressed then 'suppressed'
            when type <> 'percent' or protected_cells = 0 or value_number is null then value_status
            -- both stand: the share of what is published
            when denominator >= 10 and numerator is not null then 'derived'
            when any_suppressed = 1 or denominator is not null or numerator is not null then 'suppressed'
            else value_status
        end as public_status
    from judged
)

select
    submission_id,
    return_key,
    template_version,
    sheet,
    feed,
    row_number,
    column_name,
    role,
    type,
    unit,
    heading_en,
    heading_cy,
    position,
    is_grain,
    is_disclosive,
    coalesce(sums_to_role, adds_to_role) as adds_to_role,
    row_key,
    row_area_code,
    subject,
    cell,
    -- the text of a protected number would say what its value must not
    case
        when numerals is not null then {{ unsay('value', 'numerals') }}
        when value_number is null or type = 'constant' then value
    end as value,
    public_status as value_status,
    case
        when public_status = 'suppressed' then null
        when is_protected then protected_value
        when type = 'percent' and public_status = 'derived' then 100.0 * numerator / denominator
        else value_number
    end as value_number,
    case when not is_protected then value_gbp end as value_gbp
from decided
