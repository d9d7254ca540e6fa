-- Grain: figure_id. What is to know of a figure of a document: that documents contradict one another over it, and what it is
-- not to be read as. The figures themselves stand.
with
notes as (
    select distinct
        figure_id,
        '1 ' || conflict_group as note_order,
        note_en,
        note_cy
    from {{ ref('published_figure_conflicts') }}
    where figure_id is not null

    union all

    select
        figure_id,
        '2' as note_order,
        note_en,
        note_cy
    from {{ ref('published_figure_notes') }}
)

select
    figure_id,
    {{ join_texts('note_en', ' ', 'note_order') }} as note_en,
    {{ join_texts('note_cy', ' ', 'note_order') }} as note_cy,
    max(case when note_order <> '2' then 1 else 0 end) = 1 as is_conflict
from notes
group by figure_id
