-- Grain: submission_id, of those ever accepted. `public_from` is the moment of public release: when it was the one that
-- counts and its period was released. One that was superseded before that was never public. What came after the moment of
-- the build is not here, and ends nothing: until the next build an amended return is what it was.
with
specs as (
    select
        return_key,
        template_version,
        title_en,
        title_cy,
        submitted_by as submitter_type,
        cadence,
        audience
    from {{ ref('stg_returns__specs') }}
),

joined as (
    select
        submissions.submission_id,
        submissions.return_key,
        'return_' || submissions.return_key as source_key,
        submissions.template_version,
        specs.title_en as return_title_en,
        specs.title_cy as return_title_cy,
        specs.submitter_type,
        specs.cadence,
        -- a return that no spec speaks for is nobody's to see
        coalesce(specs.audience, 'restricted') as audience,
        submissions.area_code,
        areas.area_version_key,
        areas.area_name_en,
        areas.area_name_cy,
        areas.area_type,
        submissions.period_key,
        expected.period_start,
        expected.period_end,
        {{ financial_year('expected.period_end') }} as financial_year,
        submissions.submission_version,
        submissions.received_at,
        submissions.accepted_at,
        submissions.known_from,
        case when submissions.known_to <= moment.built_at then submissions.known_to end as known_to,
        case when submissions.known_to <= moment.built_at then submissions.closed_by end as closed_by,
        submissions.is_nil,
        coalesce(submissions.outcome = 'part_accepted', false) as is_part_accepted,
        submissions.language,
        submissions.landed_sha256,
        submissions.is_synthetic,
        expected.release_at,
        moment.built_at
    from {{ ref('stg_returns__submissions') }} as submissions
    cross join {{ ref('int_build_moment') }} as moment
    left join specs
        on submissions.return_key = specs.return_key and submissions.template_version = specs.template_version
    inner join {{ ref('stg_returns__expected') }} as expected
        on
            submissions.return_key = expected.return_key
            and submissions.area_code = expected.area_code
            and submissions.period_key = expected.period_key
    inner join {{ ref('int_area_versions') }} as areas
        on
            submissions.area_code = areas.area_code
            and expected.period_end >= areas.applies_from
            and expected.period_end < areas.applies_to
    where submissions.known_from <= moment.built_at
)

select
    *,
    coalesce(
        audience <> 'restricted'
        and release_at <= built_at
        and (known_to is null or known_to > greatest(known_from, release_at)),
        false
    ) as is_public,
    greatest(known_from, release_at) as public_from,
    known_to as public_to
from joined
