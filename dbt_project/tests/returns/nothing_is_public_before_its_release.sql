-- No figure of a return stands in a public mart before its release, nor one that is restricted.
select
    'fct_return_value' as mart,
    submission_id as found
from {{ ref('fct_return_value') }}
cross join {{ ref('int_build_moment') }} as moment
where release_at > moment.built_at or known_from > moment.built_at or audience = 'restricted'
{% for mart in [
    'grant_spend', 'grant_projects', 'virement', 'regional_accommodation', 'reduction_expectations', 'advocacy',
    'children_voice', 'workforce',
] %}
    union all

    select
        '{{ mart }}' as mart,
        source_key as found
    from {{ ref(mart) }}
    cross join {{ ref('int_build_moment') }} as moment
    -- a document is dated by what it prints, not by this build
    where
        audience = 'restricted'
        or (source_key like 'return%' and (release_at > moment.built_at or known_from > moment.built_at))
{% endfor %}
