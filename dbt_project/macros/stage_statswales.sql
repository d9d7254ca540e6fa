{#
    Staging of one dataset: what each vintage brought, typed and keyed. The first vintage whole, then what each later one
    changed: a row that is new or other than before, and (`is_gone`) one that it has no more. Old exports of the dataset
    that were imported by file are a source of their own beside it, with the same meanings; each import is whole.

    Arguments:
        dataset: the registry key.
        breakdowns: roles that are breakdown columns of the source.
        measure_breakdowns: breakdowns that the source hides in the data description.
#}
{% macro stage_statswales(dataset, breakdowns=[], measure_breakdowns=[]) -%}
    {%- set landed = source('lake', 'raw_' ~ dataset) -%}
    {%- set exported = source('lake', 'raw_statswales_export_' ~ dataset) -%}
    {%- set read = [ref('stg_lake__vintages'), ref('stg_lake__spellings')] -%}
    {#- While dbt parses it wants to know what is read, not the text: writing that out for every dataset takes seconds. -#}
    {%- if execute -%}
    {{ stage_statswales_source(dataset, landed, read, breakdowns, measure_breakdowns) }}
    {% if has_files(exported.identifier) %}
        union all

        {{ stage_statswales_source('statswales_export_' ~ dataset, exported, read, breakdowns, measure_breakdowns) }}
    {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# Whether the frozen snapshot has rows for a relation: few datasets have exports, and each costs the engine a plan. #}
{% macro has_files(relation) -%}
    {%- set found = run_query("select count(*) from lake.files where relation = '" ~ relation ~ "'") -%}
    {{ return(found.columns[0][0] > 0) }}
{%- endmacro %}

{% macro stage_statswales_source(source_key, raw, read, breakdowns, measure_breakdowns) -%}
{%- set columns = {} -%}
{%- for key in measure_breakdowns -%}{%- do columns.update({key: 'measure'}) -%}{%- endfor -%}
{%- for key in breakdowns -%}{%- do columns.update({key: key}) -%}{%- endfor -%}
{%- set keys = columns.keys() | sort -%}
select
    vintages.source_key,
    vintages.load_id,
    vintages.vintage_no,
    coalesce(raw._gone, false) as is_gone,
    -- whether it is a step after a first vintage that stands whole
    {{ 'true' if source_key.startswith('statswales_export_') else 'raw._change_id is not null' }} as is_change,
    vintages.known_from,
    vintages.landed_at,
    vintages.is_synthetic,
    measures.member_key as measure_member,
    measures.measure_key,
    areas.area_code,
    raw.area as area_label,
    periods.period_kind,
    periods.period_key,
    periods.period_start,
    periods.period_end,
    raw.period as period_label,
    {%- for key in keys %}
    {{ key }}_members.member_key as {{ key }},
    {%- endfor %}
    {{ breakdown_text(keys) }} as breakdown,
    {% for key in keys %}coalesce({{ key }}_members.is_whole, false){{ ' or ' if not loop.last }}{% else %}false{% endfor %} as is_whole,
    measures.cell_place + areas.cell_place + periods.cell_place
    {%- for key in keys %} + {{ key }}_members.cell_place{% endfor %} as cell_no,
    raw.value as value_text,
    case when raw.value_status = 'reported' then raw.number * measures.scale end as value,
    raw.value_status,
    raw.revision_status,
    raw.note_codes,
    raw._source_row as source_row,
    raw._landed_sha256 as landed_sha256
from (
    -- what depends on the cell alone is worked out before anything is joined: there are few different texts
    select
        *,
        {{ value_status('value', 'number', 'note_codes') }} as value_status,
        {{ revision_status('note_codes') }} as revision_status
    from (select *, {{ to_number('value') }} as number from {{ raw }}) as rows_read
) as raw
inner join {{ read[0] }} as vintages
    on coalesce(raw._change_id, raw._load_id) = vintages.change_id and vintages.source_key = '{{ source_key }}'
{{ join_spelling(read[1], source_key, 'measure', 'measure', 'measures') }}
{{ join_spelling(read[1], source_key, 'area', 'area', 'areas') }}
{{ join_spelling(read[1], source_key, 'period', 'period', 'periods') }}
        and raw.period_sort is not distinct from periods.sort
{%- for key in keys %}
{{ join_spelling(read[1], source_key, key, columns[key], key ~ '_members') }}
{%- endfor %}
{%- endmacro %}

{# The meaning of a column's spelling, as the checks understood it. #}
{% macro join_spelling(spellings, source_key, role, column, alias) -%}
left join {{ spellings }} as {{ alias }}
    on {{ alias }}.source_key = '{{ source_key }}'
        and {{ alias }}.role = '{{ role }}'
        and raw.{{ column }} is not distinct from {{ alias }}.label
        and raw.{{ column }}_code is not distinct from {{ alias }}.code
{%- endmacro %}

{#
    Breakdowns of a row as readable text: `age_group=under_1; gender=female`, keys in alphabetical order, those left out
    whose member is the total; `all` where nothing is left. A member that nobody knows makes the text NULL, which a test
    refuses.
#}
{% macro breakdown_text(keys) -%}
    {%- if keys | length == 0 -%}
    'all'
    {%- else -%}
    case
        when {% for key in keys %}{{ key }}_members.member_key is not null{{ ' and ' if not loop.last }}{% endfor %}
            then coalesce(nullif(concat_ws(
                '; '{%- for key in keys | sort %}, {{ key }}_members.breakdown{%- endfor %}
            ), ''), 'all')
    end
    {%- endif -%}
{%- endmacro %}
