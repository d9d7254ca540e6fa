with wholes as (
    select
        breakdown,
        max(case when is_whole then 1 else 0 end) = 1 as is_whole
    from {{ ref('int_observation_intervals') }}
    group by breakdown
),

labels as (
    select
        breakdown,
        {{ join_texts('label_en', '; ', 'piece_no') }} as label_en,
        {{ join_texts('label_cy', '; ', 'piece_no') }} as label_cy
    from {{ ref('int_breakdown_labels') }}
    group by breakdown
)

select
    'all' as breakdown,
    'All' as label_en,
    'Pawb' as label_cy,
    true as is_total

union all

select
    labels.breakdown,
    labels.label_en,
    labels.label_cy,
    wholes.is_whole as is_total
from labels
inner join wholes on labels.breakdown = wholes.breakdown
