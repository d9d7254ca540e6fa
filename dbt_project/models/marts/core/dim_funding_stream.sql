-- Grain: stream_key. Every funding stream that documents or returns name.
select
    stream_key,
    name_en,
    name_cy,
    acronym_en,
    acronym_cy,
    stream_type,
    case stream_type
        when 'grant' then 'Grant'
        when 'unhypothecated' then 'Money without a ring fence'
        when 'bid' then 'Asked for, not awarded'
        when 'local_spend' then 'Spend of authorities'
        when 'context' then 'Named for context'
    end as stream_type_en,
    case stream_type
        when 'grant' then 'Grant'
        when 'unhypothecated' then 'Arian heb ei neilltuo'
        when 'bid' then 'Gofynnwyd amdano, heb ei ddyfarnu'
        when 'local_spend' then 'Gwariant awdurdodau'
        when 'context' then 'Wedi’i enwi er mwyn cyd-destun'
    end as stream_type_cy,
    funder,
    funder_en,
    funder_cy,
    route,
    route_en,
    route_cy,
    hypothecated,
    valid_from,
    valid_to,
    dates_basis,
    spend_class,
    -- a stream that somebody added for a return may have no class yet
    coalesce(
        spend_class_status, case when spend_class is null then 'not_available' else 'reported' end
    ) as spend_class_status,
    case spend_class
        when 'universal' then 'Universal services'
        when 'prevention_early_intervention' then 'Prevention and early intervention'
        when 'edge_of_care' then 'Edge of care'
        when 'acute_looked_after' then 'Children who are looked after'
        when 'therapeutic' then 'Therapeutic work'
        when 'leaving_care' then 'Leaving care'
    end as spend_class_en,
    case spend_class
        when 'universal' then 'Gwasanaethau i bawb'
        when 'prevention_early_intervention' then 'Atal ac ymyrryd yn gynnar'
        when 'edge_of_care' then 'Ffiniau gofal'
        when 'acute_looked_after' then 'Plant sy’n derbyn gofal'
        when 'therapeutic' then 'Gwaith therapiwtig'
        when 'leaving_care' then 'Gadael gofal'
    end as spend_class_cy,
    parent_stream_key,
    parent_from,
    reporting_cadence,
    reporting_cadence_en,
    reporting_cadence_cy,
    note_en,
    note_cy,
    document_key as source_key,
    seed_line as source_line,
    false as is_synthetic
from {{ ref('funding_streams') }}
