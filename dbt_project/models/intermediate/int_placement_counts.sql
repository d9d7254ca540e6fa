-- Grain: area_code × snapshot_date × kind × code. Children looked after on 31 March by where they are placed: kind
-- `placement_type` or `location`. One figure each: of the census of children looked after (statistics, or a document that
-- repeats it) where there is one, else of the performance and improvement framework in its own years, which is another
-- series. Kinds of placement that the source divides further, or words in its own way, are in fct_measure_value only.
with
census as (
    select
        held.*,
        cast(null as double) as whole_value,
        cast(null as {{ dbt.type_string() }}) as whole_status,
        cast(null as {{ dbt.type_string() }}) as whole_source_key,
        cast(null as {{ dbt.type_string() }}) as whole_revision_status,
        cast(null as timestamp) as whole_known_from,
        cast(null as timestamp) as whole_loaded_at,
        case when held.breakdown like 'placement_type=%' then 'placement_type' else 'location' end as kind,
        case
            when held.breakdown like 'placement_type=%' then {{ breakdown_member('held.breakdown', 'placement_type') }}
            else {{ breakdown_member('held.breakdown', 'location') }}
        end as code,
        0 as preference
    from {{ ref('int_current_values') }} as held
    where
        held.measure_key = 'children_looked_after'
        and (held.breakdown like 'placement_type=%' or held.breakdown like 'location=%')
        and held.breakdown not like '%; %'
        and held.period_kind = 'financial_year_end'
        and held.figure_kind = 'actual'
        and held.place = 1
),

framework_values as (
    select *
    from {{ ref('int_current_values') }}
    where
        measure_key in (
            'framework_away_from_family', 'framework_out_of_county_in_wales', 'framework_out_of_wales',
            'framework_children_looked_after'
        )
        and breakdown = 'all'
        and period_kind = 'financial_year_end'
        and figure_kind = 'actual'
),

-- a count of the framework is a share of all children as the framework counts them, and never of the census (rule R3)
framework as (
    select
        held.*,
        wholes.value as whole_value,
        wholes.value_status as whole_status,
        wholes.source_key as whole_source_key,
        wholes.revision_status as whole_revision_status,
        wholes.known_from as whole_known_from,
        wholes.loaded_at as whole_loaded_at,
        case held.measure_key when 'framework_away_from_family' then 'placement_type' else 'location' end as kind,
        case held.measure_key
            when 'framework_away_from_family' then 'away_from_family'
            when 'framework_out_of_county_in_wales' then 'out_of_county_in_wales'
            else 'out_of_wales'
        end as code,
        1 as preference
    from framework_values as held
    inner join {{ ref('int_measure_versions') }} as measures
        on held.measure_version_key = measures.measure_version_key
    left join framework_values as wholes
        on
            wholes.measure_key = 'framework_children_looked_after'
            and held.source_key = wholes.source_key
            and held.area_code = wholes.area_code
            and held.period_key = wholes.period_key
            and held.is_synthetic = wholes.is_synthetic
    where
        held.measure_key <> 'framework_children_looked_after'
        and held.place = 1
        and held.period_end >= measures.valid_from
        and (measures.valid_to is null or held.period_end < measures.valid_to)
),

together as (
    select * from census
    union all
    select * from framework
),

known as (
    select * from together
    where
        (kind = 'placement_type' and code in ({{ codes_of(placement_types()) }}))
        or (kind = 'location' and code in ({{ codes_of(placement_locations()) }}))
),

chosen as (
    select
        *,
        row_number() over (
            partition by area_code, period_end, kind, code
            order by
                case when value is not null or value_status = 'suppressed' then 0 else 1 end asc,
                preference asc
        ) as choice
    from known
),

counted as (
    select
        *,
        sum(case when area_type = 'local_authority' then 1 else 0 end) over (partition by period_end, kind, code)
            as authorities_there,
        sum(case when area_type = 'local_authority' and value is not null then 1 else 0 end)
            over (partition by period_end, kind, code) as authorities_with_value
    from chosen
    where choice = 1
),

expected as (
    {{ authorities_on('counted', 'period_end') }}
)

select
    counted.area_code || '|' || cast(counted.period_end as {{ dbt.type_string() }}) || '|' || counted.kind || '|' || counted.code
        as row_key,
    counted.kind,
    counted.code,
    counted.area_code,
    counted.area_version_key,
    counted.area_name_en,
    counted.area_name_cy,
    counted.area_type,
    counted.coverage_en,
    counted.coverage_cy,
    counted.period_end as snapshot_date,
    cast(counted.value as bigint) as children,
    counted.value_status as children_status,
    cast(counted.rounding_base as bigint) as rounding_base,
    counted.qualifier,
    counted.population_definition_en,
    counted.population_definition_cy,
    counted.measure_key,
    counted.measure_version_key,
    -- each kind of placement is a series of its own
    case counted.preference
        when 0 then counted.series_id || '.' || counted.kind || '=' || counted.code
        else counted.series_id
    end as series_id,
    case
        when counted.area_type = 'country' and counted.authorities_there > 0 then cast(counted.authorities_with_value as bigint)
    end as areas_reporting,
    case
        when counted.area_type = 'country' and counted.authorities_there > 0 then cast(expected.areas_expected as bigint)
    end as areas_expected,
    cast(counted.whole_value as bigint) as whole_children,
    counted.whole_status as whole_children_status,
    counted.whole_source_key,
    counted.whole_revision_status,
    counted.whole_known_from,
    counted.whole_loaded_at,
    counted.source_key,
    counted.revision_status,
    counted.note_codes,
    counted.known_from,
    counted.loaded_at,
    counted.is_synthetic
from counted
left join expected on counted.period_end = expected.period_end
