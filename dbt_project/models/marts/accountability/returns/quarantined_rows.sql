-- Grain: a reason why a row is in quarantine: submission_id or load_id × sheet × row_number × column_name × rule_code. A row
-- that is there only because its whole submission is has the submission’s first reason. What stood in the cell is not here.
with
submissions as (
    select * from {{ ref('stg_returns__submissions') }}
    where rows_quarantined > 0 or outcome = 'quarantined'
),

quarantined_cells as (
    select
        submission_id,
        sheet,
        row_number,
        column_name,
        max(coalesce(value_found, value)) as found
    from {{ ref('stg_returns__quarantined_cells') }}
    group by submission_id, sheet, row_number, column_name
),

problems as (
    select
        problems.submission_id,
        problems.sheet,
        problems.row_number,
        problems.column_name,
        problems.cell,
        problems.rule_code,
        problems.severity,
        coalesce(problems.quarantines_row, false) as quarantines_row,
        -- a message is told without what stood in the cell; should one repeat it all the same, it is taken out here
        case
            when length(cells.found) > 0 then replace(problems.message_en, cells.found, '…') else problems.message_en
        end as message_en,
        case
            when length(cells.found) > 0 then replace(problems.message_cy, cells.found, '…') else problems.message_cy
        end as message_cy,
        row_number() over (
            partition by problems.submission_id
            order by
                case when problems.row_number is null then 0 else 1 end asc,
                case problems.severity when 'error' then 0 else 1 end asc,
                problems.rule_code asc,
                problems.sheet asc nulls last,
                problems.row_number asc nulls last,
                problems.column_name asc nulls last
        ) as place
    from {{ ref('stg_returns__problems') }} as problems
    inner join submissions on problems.submission_id = submissions.submission_id
    left join quarantined_cells as cells
        on
            problems.submission_id = cells.submission_id
            and problems.sheet = cells.sheet
            and problems.row_number = cells.row_number
            and problems.column_name = cells.column_name
),

own_reasons as (
    select distinct
        submission_id,
        sheet,
        row_number,
        column_name,
        cell,
        rule_code,
        severity,
        message_en,
        message_cy
    from problems
    where quarantines_row and row_number is not null
),

-- every quarantined row; of a submission that is not read further (personal data) only the submission itself
row_list as (
    select distinct
        submission_id,
        sheet,
        row_number
    from quarantined_cells
    union
    select
        submission_id,
        sheet,
        row_number
    from own_reasons
),

carried as (
    select
        row_list.submission_id,
        row_list.sheet,
        row_list.row_number,
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as cell,
        coalesce(problems.rule_code, 'submission_quarantined') as rule_code,
        coalesce(problems.severity, 'error') as severity,
        coalesce(problems.message_en, 'The whole submission is in quarantine.') as message_en,
        coalesce(problems.message_cy, 'Mae’r cyflwyniad cyfan mewn cwarantin.') as message_cy
    from row_list
    left join own_reasons
        on
            row_list.submission_id = own_reasons.submission_id
            and row_list.sheet = own_reasons.sheet
            and row_list.row_number = own_reasons.row_number
    left join problems on row_list.submission_id = problems.submission_id and problems.place = 1
    where own_reasons.submission_id is null
),

without_rows as (
    select
        submissions.submission_id,
        cast(null as {{ dbt.type_string() }}) as sheet,
        cast(null as bigint) as row_number,
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as cell,
        coalesce(problems.rule_code, 'submission_quarantined') as rule_code,
        coalesce(problems.severity, 'error') as severity,
        coalesce(problems.message_en, 'The whole submission is in quarantine.') as message_en,
        coalesce(problems.message_cy, 'Mae’r cyflwyniad cyfan mewn cwarantin.') as message_cy
    from submissions
    left join row_list on submissions.submission_id = row_list.submission_id
    left join problems on submissions.submission_id = problems.submission_id and problems.place = 1
    where row_list.submission_id is null
),

of_returns as (
    select * from own_reasons
    union all
    select * from carried
    union all
    select * from without_rows
)

select
    of_returns.submission_id,
    cast(null as {{ dbt.type_string() }}) as load_id,
    submissions.return_key,
    submissions.area_code,
    areas.area_name_en,
    areas.area_name_cy,
    submissions.period_key,
    of_returns.sheet,
    of_returns.row_number,
    of_returns.column_name,
    of_returns.cell,
    of_returns.rule_code,
    of_returns.severity,
    of_returns.message_en,
    of_returns.message_cy,
    submissions.received_at as quarantined_at,
    submissions.received_at as loaded_at,
    'return_' || submissions.return_key as source_key,
    'official' as audience,
    submissions.received_at as release_at,
    submissions.is_synthetic
from of_returns
inner join submissions on of_returns.submission_id = submissions.submission_id
left join {{ ref('dim_area') }} as areas on submissions.area_code = areas.area_code and areas.is_last_version

union all

-- a load of statistics is taken or left as a whole
select distinct
    cast(null as {{ dbt.type_string() }}) as submission_id,
    loads.load_id,
    cast(null as {{ dbt.type_string() }}) as return_key,
    cast(null as {{ dbt.type_string() }}) as area_code,
    cast(null as {{ dbt.type_string() }}) as area_name_en,
    cast(null as {{ dbt.type_string() }}) as area_name_cy,
    cast(null as {{ dbt.type_string() }}) as period_key,
    cast(null as {{ dbt.type_string() }}) as sheet,
    cast(null as bigint) as row_number,
    cast(null as {{ dbt.type_string() }}) as column_name,
    cast(null as {{ dbt.type_string() }}) as cell,
    'load_quarantined' as rule_code,
    'error' as severity,
    coalesce(loads.message_en, 'The load is in quarantine.') as message_en,
    coalesce(loads.message_cy, 'Mae’r llwyth mewn cwarantin.') as message_cy,
    loads.landed_at as quarantined_at,
    loads.landed_at as loaded_at,
    loads.source_key,
    'official' as audience,
    loads.landed_at as release_at,
    loads.is_synthetic
from {{ source('lake', 'loads') }} as loads
where loads.outcome = 'quarantined'
