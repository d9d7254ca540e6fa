-- Grain: return_key × area_code × as_at_date × measure_key × breakdown. Of each authority, of its region by membership on the
-- day, and of Wales.
with
sums as (
    select
        *,
        coalesce({{ extract('subject', 'measure_key=([^;]+)', 1) }}, role) as measure_key,
        coalesce(nullif({{ replace_all('subject', '(^|; )measure_key=[^;]*', '') }}, ''), 'all') as breakdown
    from {{ ref('int_return_area_sums') }}
    where feed = 'measures' and sheet = {{ workforce_sheet() }} and (role = 'value' or subject not like '%measure_key=%')
),

labels as (
    select
        choices.return_key,
        choices.choice_key,
        max(choices.label_en) as label_en,
        max(choices.label_cy) as label_cy
    from {{ ref('stg_returns__choices') }} as choices
    inner join {{ ref('stg_returns__columns') }} as columns
        on
            choices.return_key = columns.return_key
            and choices.template_version = columns.template_version
            and choices.sheet = columns.sheet
            and choices.column_name = columns.column_name
    where columns.role = 'measure_key'
    group by choices.return_key, choices.choice_key
)

select
    sums.return_key,
    sums.area_code,
    sums.area_version_key,
    sums.area_name_en,
    sums.area_name_cy,
    sums.period_end as as_at_date,
    sums.period_key,
    sums.period_start,
    sums.period_end,
    sums.measure_key,
    coalesce(labels.label_en, sums.measure_key) as measure_title_en,
    coalesce(labels.label_cy, sums.measure_key) as measure_title_cy,
    sums.breakdown,
    sums.value_number as value,
    sums.value_status,
    -- full-time equivalents are no heads
    coalesce(sums.unit, case when sums.measure_key like '%!_fte' escape '!' then 'fte' else 'count' end) as unit,
    sums.is_total,
    sums.adds_to,
    sums.total_basis,
    sums.areas_reporting,
    sums.areas_expected,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    sums.source_key || '.' || sums.measure_key || '.' || sums.area_code as series_id,
    sums.source_key,
    sums.known_from,
    sums.known_to,
    sums.loaded_at,
    sums.audience,
    sums.release_at,
    sums.is_synthetic
from sums
left join labels on sums.return_key = labels.return_key and sums.measure_key = labels.choice_key
