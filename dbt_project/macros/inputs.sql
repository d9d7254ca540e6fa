{# What a row that is worked out from several others takes from them. #}

{#- The latest of several moments; those that are NULL do not count. -#}
{% macro latest_of(moments) -%}
    nullif(greatest(
        {%- for m in moments %}coalesce({{ m }}, cast('1800-01-01 00:00:00' as timestamp)){{ ', ' if not loop.last }}{% endfor -%}
    ), cast('1800-01-01 00:00:00' as timestamp))
{%- endmacro %}

{#- provisional where any is, else revised where any is, else final where all that say something say so. -#}
{% macro revision_status_of(statuses) -%}
    case
        when {% for s in statuses %}{{ s }} = 'provisional'{{ ' or ' if not loop.last }}{% endfor %} then 'provisional'
        when {% for s in statuses %}{{ s }} = 'revised'{{ ' or ' if not loop.last }}{% endfor %} then 'revised'
        when {% for s in statuses %}{{ s }} = 'final'{{ ' or ' if not loop.last }}{% endfor %} then 'final'
    end
{%- endmacro %}

{#- The status of a percentage of, or change on, another value: that of `derived_status`, but not applicable where the
    other value is zero, of which nothing is a percentage. -#}
{% macro ratio_status(statuses, base) -%}
    case
        when {{ derived_status(statuses) }} = 'derived' and {{ base }} = 0 then 'not_applicable'
        else {{ derived_status(statuses) }}
    end
{%- endmacro %}

{#- The companions of a fall, as columns of a row (rule R2): an alias of `int_safety_companions`, left joined by
    area_code and financial_year. -#}
{% macro safety_companion_columns(companions) -%}
    {{ companions }}.re_registrations,
    coalesce({{ companions }}.re_registrations_status, 'not_available') as re_registrations_status,
    {{ companions }}.re_registrations_unit,
    {{ companions }}.re_registrations_series_id,
    {{ companions }}.returns_to_care,
    coalesce({{ companions }}.returns_to_care_status, 'not_collected') as returns_to_care_status,
    {{ companions }}.placed_with_parents,
    coalesce({{ companions }}.placed_with_parents_status, 'not_available') as placed_with_parents_status
{%- endmacro %}

{#- How many local authorities there were on each date of a relation: date and areas_expected. -#}
{% macro authorities_on(relation, date_column) -%}
    select
        dates.{{ date_column }},
        count(*) as areas_expected
    from (select distinct {{ date_column }} from {{ relation }}) as dates
    inner join {{ ref('int_area_versions') }} as areas
        on
            areas.area_type = 'local_authority'
            and dates.{{ date_column }} >= areas.applies_from
            and dates.{{ date_column }} < areas.applies_to
    group by dates.{{ date_column }}
{%- endmacro %}
