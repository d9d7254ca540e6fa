-- What the lists of money cite is there: streams, documents, figures, and columns of a mart.
with cited as (
    select
        'funding_streams' as listed_in,
        stream_key as row_key,
        'stream' as kind,
        parent_stream_key as cited_key
    from {{ ref('funding_streams') }}
    union all
    select
        'funding_streams' as listed_in,
        stream_key as row_key,
        'document' as kind,
        document_key as cited_key
    from {{ ref('funding_streams') }}
    union all
    select
        'funding_stream_lineage' as listed_in,
        predecessor_key as row_key,
        'stream' as kind,
        successor_key as cited_key
    from {{ ref('funding_stream_lineage') }}
    union all
    select
        'funding_stream_lineage' as listed_in,
        predecessor_key as row_key,
        'document' as kind,
        document_key as cited_key
    from {{ ref('funding_stream_lineage') }}
    union all
    select
        'funding_award_claims' as listed_in,
        figure_id as row_key,
        'stream' as kind,
        stream_key as cited_key
    from {{ ref('funding_award_claims') }}
    union all
    select
        'funding_award_claims' as listed_in,
        figure_id as row_key,
        'figure' as kind,
        multiple_of_figure_id as cited_key
    from {{ ref('funding_award_claims') }}
    union all
    select
        'grant_project_figures' as listed_in,
        figure_id as row_key,
        'stream' as kind,
        stream_key as cited_key
    from {{ ref('grant_project_figures') }}
    union all
    select
        'grant_project_figures' as listed_in,
        figure_id as row_key,
        'figure' as kind,
        figure_id as cited_key
    from {{ ref('grant_project_figures') }}
    union all
    select
        'regional_accommodation_figures' as listed_in,
        figure_id as row_key,
        'stream' as kind,
        stream_key as cited_key
    from {{ ref('regional_accommodation_figures') }}
    union all
    select
        'regional_accommodation_figures' as listed_in,
        figure_id as row_key,
        'figure' as kind,
        figure_id as cited_key
    from {{ ref('regional_accommodation_figures') }}
    union all
    select
        'regional_accommodation_figures' as listed_in,
        figure_id as row_key,
        'column' as kind,
        amount_column as cited_key
    from {{ ref('regional_accommodation_figures') }}
),

known as (
    {% for column in [
        'funding_gbp', 'projects', 'homes', 'beds_planned', 'beds_open', 'beds_outstanding', 'children_supported',
    ] -%}
        select
            'column' as kind,
            '{{ column }}' as cited_key
        union all
    {% endfor -%}
    select
        'stream' as kind,
        stream_key as cited_key
    from {{ ref('funding_streams') }}
    union all
    select
        'document' as kind,
        document_key as cited_key
    from {{ ref('documents') }}
    union all
    select
        'figure' as kind,
        figure_id as cited_key
    from {{ ref('published_figures') }}
)

select cited.*
from cited
left join known on cited.kind = known.kind and cited.cited_key = known.cited_key
where cited.cited_key is not null and known.cited_key is null
