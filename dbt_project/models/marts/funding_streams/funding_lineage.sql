-- Grain: predecessor_key × successor_key. One step of what became of a stream; `funding_lineage_closure` has the whole way.
select
    lineage.predecessor_key,
    coalesce(predecessors.name_en, lineage.predecessor_name_en) as predecessor_name_en,
    coalesce(predecessors.name_cy, lineage.predecessor_name_cy) as predecessor_name_cy,
    lineage.successor_key,
    successors.name_en as successor_name_en,
    successors.name_cy as successor_name_cy,
    lineage.effective_date,
    case when lineage.effective_date is null then 'not_available' else 'reported' end as effective_date_status,
    lineage.relationship,
    case lineage.relationship
        when 'merged_into' then 'Merged into'
        when 'renamed' then 'Renamed'
        when 'transferred_to_rsg' then 'Transferred to the Revenue Support Grant'
        when 'replaced_by' then 'Replaced by'
    end as relationship_en,
    case lineage.relationship
        when 'merged_into' then 'Unwyd â'
        when 'renamed' then 'Ailenwyd'
        when 'transferred_to_rsg' then 'Trosglwyddwyd i’r Grant Cynnal Refeniw'
        when 'replaced_by' then 'Disodlwyd gan'
    end as relationship_cy,
    lineage.money_visible_after,
    lineage.value_status_after,
    lineage.basis,
    lineage.note_en,
    lineage.note_cy,
    lineage.document_key as source_key,
    documents.title_en as document_title_en,
    documents.title_cy as document_title_cy,
    lineage.seed_line as source_line,
    cast(documents.known_from as timestamp) as known_from,
    cast(null as timestamp) as known_to,
    cast(documents.known_from as timestamp) as loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    'public' as audience,
    cast(documents.known_from as timestamp) as release_at,
    false as is_synthetic
from {{ ref('funding_stream_lineage') }} as lineage
inner join {{ ref('documents') }} as documents on lineage.document_key = documents.document_key
left join {{ ref('funding_streams') }} as predecessors on lineage.predecessor_key = predecessors.stream_key
left join {{ ref('funding_streams') }} as successors on lineage.successor_key = successors.stream_key
