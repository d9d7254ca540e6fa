-- What every source said of every area and 31 March at every moment when anything became known: the count, the
-- population then known, the two years before in the same vintage, and whether it was the figure to quote.
-- Moments are few (vintages, not rows), and a state holds inputs only; nothing computed in floating point decides
-- where an interval begins.
with
counts as (
    select * from {{ ref('int_children_looked_after_counts') }}
),

populations as (
    select * from {{ ref('int_population_under_18') }}
),

known as (
    select known_from as moment from counts
    union
    select known_to as moment from counts
    where known_to is not null
    union
    select known_from as moment from populations
    union
    select known_to as moment from populations
    where known_to is not null
),

moments as (
    select
        moment,
        cast(row_number() over (order by moment) as bigint) as moment_no,
        lead(moment) over (order by moment) as next_moment
    from known
),

local_authorities as (
    select
        dates.snapshot_date,
        areas.area_code,
        cast(count(*) over (partition by dates.snapshot_date) as bigint) as areas_expected
    from (select distinct snapshot_date from counts) as dates
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_type = 'local_authority'
            and dates.snapshot_date >= areas.applies_from
            and dates.snapshot_date < areas.applies_to
),

published as (
    select
        moments.moment_no,
        moments.moment,
        moments.next_moment,
        counts.*
    from counts
    inner join moments
        on
            counts.known_from <= moments.moment
            and (counts.known_to is null or counts.known_to > moments.moment)
),

reporting as (
    select
        published.moment_no,
        published.source_key,
        published.snapshot_date,
        max(local_authorities.areas_expected) as areas_expected,
        cast(count(published.children) as bigint) as areas_reporting
    from published
    inner join local_authorities
        on
            published.area_code = local_authorities.area_code
            and published.snapshot_date = local_authorities.snapshot_date
    group by published.moment_no, published.source_key, published.snapshot_date
),

-- Wales, where the source has authorities and no row of its own: suppressed if one of them is, a part if one is
-- missing, and never zero for what is not there
summed as (
    select
        published.moment_no,
        max(published.moment) as moment,
        max(published.next_moment) as next_moment,
        published.source_key,
        published.source_kind,
        min(published.series_id) as series_id,
        min(published.measure_version_key) as measure_version_key,
        'W92000004' as area_code,
        published.snapshot_date,
        case
            when max(case when published.children_status = 'suppressed' then 1 else 0 end) = 0
                then cast(sum(published.children) as bigint)
        end as children,
        case
            when max(case when published.children_status = 'suppressed' then 1 else 0 end) = 1 then 'suppressed'
            when count(published.children) = 0 then 'not_available'
            when count(published.children) < max(local_authorities.areas_expected) then 'partial'
            else 'derived'
        end as children_status,
        case
            when max(case when published.revision_status = 'provisional' then 1 else 0 end) = 1 then 'provisional'
            when max(case when published.revision_status = 'revised' then 1 else 0 end) = 1 then 'revised'
            else min(published.revision_status)
        end as revision_status,
        cast(null as {{ dbt.type_string() }}) as note_codes,
        cast(null as {{ dbt.type_string() }}) as qualifier,
        min(case when published.is_quotable then 1 else 0 end) = 1 as is_quotable,
        max(published.rounding_base) as rounding_base,
        max(published.release_date) as release_date,
        cast(null as bigint) as printed_change_n,
        cast(null as double) as printed_change_pct,
        cast(null as double) as printed_rate,
        cast(null as double) as printed_rate_change,
        max(published.known_from) as known_from,
        cast(null as timestamp) as known_to,
        max(published.loaded_at) as loaded_at,
        case when min(published.load_id) = max(published.load_id) then min(published.load_id) end as load_id,
        case when min(published.landed_sha256) = max(published.landed_sha256) then min(published.landed_sha256) end
            as landed_sha256,
        cast(null as bigint) as source_row,
        max(case when published.is_synthetic then 1 else 0 end) = 1 as is_synthetic,
        min(case when published.is_first_release then 1 else 0 end) = 1 as is_first_release
    from published
    inner join local_authorities
        on
            published.area_code = local_authorities.area_code
            and published.snapshot_date = local_authorities.snapshot_date
    where
        published.source_kind = 'statistic'
        and not exists (
            select 1 from published as own
            where
                own.moment_no = published.moment_no and own.source_key = published.source_key
                and own.snapshot_date = published.snapshot_date and own.area_code = 'W92000004'
        )
    group by published.moment_no, published.source_key, published.source_kind, published.snapshot_date
),

counted as (
    select
        *,
        case when area_code = 'W92000004' then 'published' end as total_basis
    from published
    union all
    select
        *,
        'sum' as total_basis
    from summed
),

population_choice as (  -- of two sources of one population the latest to be known wins
    select
        moments.moment_no,
        populations.area_code,
        populations.reference_date,
        populations.is_synthetic,
        populations.population,
        populations.population_status,
        populations.known_from,
        row_number() over (
            partition by moments.moment_no, populations.area_code, populations.reference_date, populations.is_synthetic
            order by populations.known_from desc, populations.source_key ASC
        ) as choice
    from populations
    inner join moments
        on
            populations.known_from <= moments.moment
            and (populations.known_to is null or populations.known_to > moments.moment)
),

states as (
    select
        counted.*,
        reporting.areas_reporting,
        coalesce(reporting.areas_expected, (
            select max(local_authorities.areas_expected) from local_authorities
            where local_authorities.snapshot_date = counted.snapshot_date
        )) as areas_expected,
        {{ mid_year_before('counted.snapshot_date') }} as population_reference_date,
        populations.population as population_under_18,
        coalesce(populations.population_status, 'not_available') as population_under_18_status,
        populations.known_from as population_known_from,
        -- The figure to quote. In this order: one that the source states plainly (no "over", no forecast); one that has
        -- a value, or is suppressed (a value from elsewhere must not undo that); a real figure before a synthetic one;
        -- the latest release; within one release the less rounded; then the latest to be known. Statistics are a
        -- release of their own day; a document that repeats a statistical release belongs to that release.
        counted.is_quotable and row_number() over (
            partition by counted.moment_no, counted.area_code, counted.snapshot_date
            order by
                case when counted.is_quotable then 0 else 1 end,
                case when counted.children is not null or counted.children_status = 'suppressed' then 0 else 1 end,
                case when counted.is_synthetic then 1 else 0 end,
                counted.release_date desc,
                counted.rounding_base ASC,
                counted.known_from desc,
                counted.source_key ASC
        ) = 1 as is_headline
    from counted
    left join reporting
        on
            counted.moment_no = reporting.moment_no
            and counted.source_key = reporting.source_key
            and counted.snapshot_date = reporting.snapshot_date
            and counted.area_code = 'W92000004'
    left join population_choice as populations
        on
            counted.moment_no = populations.moment_no
            and counted.area_code = populations.area_code
            and {{ mid_year_before('counted.snapshot_date') }} = populations.reference_date
            -- a real count over a synthetic population would be neither
            and counted.is_synthetic = populations.is_synthetic
            and populations.choice = 1
),

with_years_before as (
    select
        states.*,
        before_1.series_id as series_id_1,
        before_1.children as children_1,
        before_1.children_status as children_status_1,
        before_1.population_under_18 as population_1,
        before_1.population_under_18_status as population_status_1,
        before_2.series_id as series_id_2,
        before_2.children as children_2,
        before_2.children_status as children_status_2,
        before_2.population_under_18 as population_2,
        before_2.population_under_18_status as population_status_2
    from states
    left join states as before_1
        on
            states.moment_no = before_1.moment_no
            and states.source_key = before_1.source_key
            and states.area_code = before_1.area_code
            and {{ years_before('states.snapshot_date', 1) }} = before_1.snapshot_date
    left join states as before_2
        on
            states.moment_no = before_2.moment_no
            and states.source_key = before_2.source_key
            and states.area_code = before_2.area_code
            and {{ years_before('states.snapshot_date', 2) }} = before_2.snapshot_date
),

keyed as (
    select
        *,
        {{ content_key([
            'children', 'children_status', 'revision_status', 'note_codes', 'qualifier', 'load_id', 'source_row',
            'known_from', 'is_headline', 'areas_reporting', 'total_basis', 'population_under_18',
            'population_under_18_status', 'population_known_from', 'series_id', 'series_id_1', 'children_1',
            'children_status_1', 'population_1', 'population_status_1', 'series_id_2', 'children_2',
            'children_status_2', 'population_2', 'population_status_2',
        ]) }} as own_content,
        {{ content_key(['children', 'population_under_18']) }} as funnel_content
    from with_years_before
),

compared as (
    select
        *,
        lag(moment_no) over cell as moment_no_before,
        lag(own_content) over cell as own_content_before,
        lag(funnel_content) over cell as funnel_content_before
    from keyed
    window cell as (partition by source_key, area_code, snapshot_date order by moment_no)
),

funnel_groups as (  -- limits rest on all areas together: a version of them for each set of counts and populations
    select
        source_key,
        snapshot_date,
        moment_no,
        count(*) as areas,
        max(case when moment_no_before = moment_no - 1 and funnel_content = funnel_content_before then 0 else 1 end)
            as changed
    from compared
    group by source_key, snapshot_date, moment_no
),

funnel_changes as (
    select
        source_key,
        snapshot_date,
        moment_no,
        case
            when changed = 1 or areas <> lag(areas) over dates or moment_no - 1 <> lag(moment_no) over dates
                then 1
            else 0
        end as changed
    from funnel_groups
    window dates as (partition by source_key, snapshot_date order by moment_no)
),

funnel_versions as (
    select
        source_key,
        snapshot_date,
        moment_no,
        cast(sum(changed) over (
            partition by source_key, snapshot_date order by moment_no rows between unbounded preceding and current row
        ) as bigint) as funnel_version
    from funnel_changes
),

versioned as (
    select
        compared.*,
        funnel_versions.funnel_version,
        lag(funnel_versions.funnel_version) over (
            partition by compared.source_key, compared.area_code, compared.snapshot_date order by compared.moment_no
        ) as funnel_version_before
    from compared
    inner join funnel_versions
        on
            compared.source_key = funnel_versions.source_key
            and compared.snapshot_date = funnel_versions.snapshot_date
            and compared.moment_no = funnel_versions.moment_no
)

select
    *,
    -- an interval of the history begins where anything differs from the moment before, or nothing was there
    case
        when
            moment_no_before = moment_no - 1
            and own_content = own_content_before
            and funnel_version = funnel_version_before then 0
        else 1
    end as begins
from versioned
