-- Grain: return_key × area_code × period_key. Every return that is or was expected, whether or not it came: what stands of it.
with
submissions as (
    select
        *,
        row_number() over (
            partition by return_key, area_code, period_key order by received_at desc, submission_id asc
        ) as recency
    from {{ ref('stg_returns__submissions') }}
    where outcome <> 'duplicate' and return_key is not null
),

counted as (
    select
        return_key,
        area_code,
        period_key,
        min(received_at) as first_received_at,
        -- a file that was sent back whole is no return: lateness counts from the first that was accepted
        min(case when known_from is not null then received_at end) as first_good_received_at,
        max(case when outcome = 'held' then received_at end) as held_received_at,
        count(*) as submissions,
        max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from submissions
    group by return_key, area_code, period_key
),

current_ones as (
    select
        *,
        row_number() over (
            partition by return_key, area_code, period_key order by known_from desc, submission_version desc
        ) as place
    from submissions
    where known_from is not null and known_to is null
),

specs as (
    select
        return_key,
        title_en,
        title_cy,
        cadence,
        row_number() over (partition by return_key order by template_version desc) as recency
    from {{ ref('stg_returns__specs') }}
),

kinds as (
    select max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from {{ ref('stg_returns__submissions') }}
),

joined as (
    select
        expected.*,
        moment.built_on,
        coalesce(expected.extended_due_date, expected.original_due_date) as due_date,
        counted.first_received_at,
        coalesce(counted.submissions, 0) as submissions,
        standing.submission_id as current_submission_id,
        standing.accepted_at,
        standing.submission_version,
        standing.outcome as current_outcome,
        standing.is_nil,
        newest.received_at as newest_received_at,
        newest.outcome as newest_outcome,
        newest.closed_by as newest_closed_by,
        case
            when standing.submission_id is not null then counted.first_good_received_at
            when newest.outcome = 'held' then counted.held_received_at
        end as counted_received_at,
        coalesce(counted.is_synthetic, kinds.is_synthetic, false) as is_synthetic
    from {{ ref('stg_returns__expected') }} as expected
    cross join {{ ref('int_build_moment') }} as moment
    cross join kinds
    left join counted
        on
            expected.return_key = counted.return_key
            and expected.area_code = counted.area_code
            and expected.period_key = counted.period_key
    left join current_ones as standing
        on
            standing.place = 1
            and expected.return_key = standing.return_key
            and expected.area_code = standing.area_code
            and expected.period_key = standing.period_key
    left join submissions as newest
        on
            newest.recency = 1
            and expected.return_key = newest.return_key
            and expected.area_code = newest.area_code
            and expected.period_key = newest.period_key
),

judged as (
    select
        *,
        case
            -- until something comes after the recall
            when recalled_at is not null and coalesce(newest_received_at <= recalled_at, true) then 'recalled'
            when current_submission_id is not null and is_nil then 'nil_return'
            when current_outcome = 'part_accepted' then 'part_accepted'
            when current_submission_id is not null or newest_outcome = 'held'
                then case when cast(counted_received_at as date) > due_date then 'received_late' else 'received' end
            when newest_outcome = 'quarantined' then 'quarantined'
            when newest_closed_by = 'withdrawn' then 'withdrawn'
            when newest_closed_by = 'recalled' then 'recalled'
            when not coalesce(is_required, true) then 'not_required'
            when due_date >= built_on then 'not_due'
            -- what fell due before its collection began is late for nobody
            when not coalesce(is_collected, true) then 'not_collected'
            else 'overdue'
        end as status
    from joined
)

select
    judged.return_key,
    specs.title_en as return_title_en,
    specs.title_cy as return_title_cy,
    specs.cadence,
    judged.area_code,
    areas.area_version_key,
    areas.area_name_en,
    areas.area_name_cy,
    judged.period_key,
    judged.period_start,
    judged.period_end,
    judged.is_required,
    coalesce(judged.is_collected, true) as is_collected,
    judged.original_due_date,
    judged.extended_due_date,
    judged.due_date,
    judged.closes_on as closes_date,
    judged.first_received_at,
    judged.accepted_at,
    -- what never came is late until today; what is not due, not required, not collected, withdrawn or recalled is not
    cast(case
        when judged.counted_received_at is not null
            then greatest({{ days_between('judged.due_date', 'cast(judged.counted_received_at as date)') }}, 0)
        when judged.status in ('overdue', 'quarantined')
            then greatest({{ days_between('judged.due_date', 'judged.built_on') }}, 0)
        else 0
    end as bigint) as days_late,
    judged.status,
    labels.label_en as status_en,
    labels.label_cy as status_cy,
    judged.submission_version,
    judged.current_submission_id as submission_id,
    cast(judged.submissions as bigint) as submissions,
    judged.recalled_at,
    judged.release_at as figures_release_at,
    'return_' || judged.return_key as source_key,
    judged.newest_received_at as loaded_at,
    'official' as audience,
    coalesce(judged.newest_received_at, cast(judged.period_start as timestamp)) as release_at,
    judged.is_synthetic
from judged
left join specs on judged.return_key = specs.return_key and specs.recency = 1
left join {{ ref('int_area_versions') }} as areas
    on
        judged.area_code = areas.area_code
        and judged.period_end >= areas.applies_from
        and judged.period_end < areas.applies_to
left join {{ ref('return_statuses') }} as labels on judged.status = labels.return_status
