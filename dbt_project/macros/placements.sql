{#
    The counts of one kind of int_placement_counts, each with its share of all children and what that is a share of.
    Of the census the denominator is the headline of the area and date; where that is real and the count synthetic, or the
    other way about, the total of the count's own source, so that no share is made of both. Of the performance and
    improvement framework it is the framework's own total of the same source.
#}
{% macro placement_shares(counts) -%}
    select
        held.*,
        {{ ratio_status(['held.children_status', 'held.denominator_status'], 'held.denominator') }} as share_pct_status,
        case
            when {{ ratio_status(['held.children_status', 'held.denominator_status'], 'held.denominator') }} = 'derived'
                then {{ part_of_whole_pct('held.children', 'held.denominator') }}
        end as share_pct
    from (
        select
            counts.*,
            case
                when counts.measure_key = 'children_looked_after' then 'children_looked_after'
                else 'framework_children_looked_after'
            end as denominator_measure_key,
            coalesce(totals.children, counts.whole_children) as denominator,
            coalesce(totals.children_status, counts.whole_children_status, 'not_available') as denominator_status,
            coalesce(totals.source_key, counts.whole_source_key) as denominator_source_key,
            coalesce(totals.known_from, counts.whole_known_from) as denominator_known_from,
            coalesce(totals.loaded_at, counts.whole_loaded_at) as denominator_loaded_at,
            coalesce(totals.revision_status, counts.whole_revision_status) as denominator_revision_status,
            row_number() over (
                partition by counts.row_key
                order by
                    case when totals.is_headline then 0 else 1 end asc,
                    case when totals.source_key = counts.source_key then 0 else 1 end asc,
                    totals.known_from desc,
                    totals.source_key asc
            ) as denominator_choice
        from {{ counts }} as counts
        left join {{ ref('children_looked_after') }} as totals
            on
                counts.measure_key = 'children_looked_after'
                and counts.area_code = totals.area_code
                and counts.snapshot_date = totals.snapshot_date
                and counts.is_synthetic = totals.is_synthetic
    ) as held
    where held.denominator_choice = 1
{%- endmacro %}

{# The labels of a code by one of its names, from a list of (code, English, Welsh). #}
{% macro label_of(code, labels, language) -%}
    case {{ code }}
        {%- for key, en, cy in labels %} when '{{ key }}' then '{{ en if language == 'en' else cy }}'{% endfor %}
    end
{%- endmacro %}

{#- The codes of such a list, quoted. -#}
{% macro codes_of(labels) -%}
    {%- for label in labels %}'{{ label[0] }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{#- Kinds of placement, as the census of children looked after groups them, and one that overlaps them. -#}
{% macro placement_types() -%}
    {{ return([
        ['foster', 'Foster placements', 'Lleoliadau maeth'],
        ['residential', 'Residential placements', 'Lleoliadau preswyl'],
        ['placed_with_parents', 'Placed with own parents or another person with parental responsibility',
         'Wedi’u lleoli gyda’u rhieni eu hunain neu berson arall â chyfrifoldeb rhiant'],
        ['placed_for_adoption', 'Placed for adoption', 'Wedi’u lleoli i’w mabwysiadu'],
        ['living_independently', 'Living independently', 'Byw’n annibynnol'],
        ['away_from_family', 'Placed away from parents, family and friends',
         'Wedi’u lleoli i ffwrdd o’u rhieni, eu teulu a’u ffrindiau'],
        ['other', 'Other placements', 'Lleoliadau eraill'],
    ]) }}
{%- endmacro %}

{#- Where placements are, seen from the responsible authority. -#}
{% macro placement_locations() -%}
    {{ return([
        ['in_county', 'In the responsible local authority', 'Yn yr awdurdod lleol cyfrifol'],
        ['out_of_county_in_wales', 'Outside the responsible local authority, in Wales',
         'Y tu allan i’r awdurdod lleol cyfrifol, yng Nghymru'],
        ['out_of_wales', 'Outside Wales', 'Y tu allan i Gymru'],
        ['no_postcode', 'No postcode recorded', 'Dim cod post wedi’i gofnodi'],
    ]) }}
{%- endmacro %}
