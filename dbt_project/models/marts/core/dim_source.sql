with ordered as (
    select
        *,
        row_number() over (partition by source_key order by vintage_no desc) as recency
    from {{ ref('stg_lake__vintages') }}
),

documents as (
    select
        document_key as source_key,
        title_en,
        title_cy,
        cast(known_from as timestamp) as last_known_from
    from {{ ref('documents') }}

    union all

    -- documents whose figures were imported by file
    select
        document_key as source_key,
        max(document_title_en) as title_en,
        max(document_title_cy) as title_cy,
        max(known_from) as last_known_from
    from {{ ref('int_document_figures') }}
    where is_imported and document_key not in (select document_key from {{ ref('documents') }})
    group by document_key
),

return_specs as (
    select
        *,
        row_number() over (partition by return_key order by template_version desc) as recency
    from {{ ref('stg_returns__specs') }}
),

released as (
    select
        return_key,
        max(public_from) as last_known_from,
        max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic
    from {{ ref('int_return_submissions') }}
    where is_public
    group by return_key
)

select
    source_key,
    -- an old export holds the statistics of the service, saved by hand; an import what other figures are read with
    case kind when 'export' then 'statswales' when 'import' then 'reference' else kind end as kind,
    title_en,
    title_cy,
    publisher_en as publisher,
    publisher_en,
    publisher_cy,
    licence,
    url,
    known_from as last_known_from,
    designation,
    is_synthetic
from ordered
where recency = 1

union all

select
    source_key,
    'document' as kind,
    title_en,
    title_cy,
    cast(null as {{ dbt.type_string() }}) as publisher,
    cast(null as {{ dbt.type_string() }}) as publisher_en,
    cast(null as {{ dbt.type_string() }}) as publisher_cy,
    cast(null as {{ dbt.type_string() }}) as licence,
    cast(null as {{ dbt.type_string() }}) as url,
    last_known_from,
    cast(null as {{ dbt.type_string() }}) as designation,
    false as is_synthetic
from documents

union all

select
    'reference' as source_key,
    'reference' as kind,
    'Reference data kept by hand: areas, measures and labels' as title_en,
    'Data cyfeirio a gedwir â llaw: ardaloedd, mesurau a labeli' as title_cy,
    cast(null as {{ dbt.type_string() }}) as publisher,
    cast(null as {{ dbt.type_string() }}) as publisher_en,
    cast(null as {{ dbt.type_string() }}) as publisher_cy,
    cast(null as {{ dbt.type_string() }}) as licence,
    cast(null as {{ dbt.type_string() }}) as url,
    cast(null as timestamp) as last_known_from,
    cast(null as {{ dbt.type_string() }}) as designation,
    false as is_synthetic

union all

select
    'return_' || return_specs.return_key as source_key,
    'return' as kind,
    return_specs.title_en,
    return_specs.title_cy,
    cast(null as {{ dbt.type_string() }}) as publisher,
    cast(null as {{ dbt.type_string() }}) as publisher_en,
    cast(null as {{ dbt.type_string() }}) as publisher_cy,
    cast(null as {{ dbt.type_string() }}) as licence,
    cast(null as {{ dbt.type_string() }}) as url,
    released.last_known_from,
    cast(null as {{ dbt.type_string() }}) as designation,
    coalesce(released.is_synthetic, false) as is_synthetic
from return_specs
left join released on return_specs.return_key = released.return_key
where return_specs.recency = 1
