{#
    What differs from engine to engine, in one place. A model writes plain SQL and these; another engine gets its own
    `<adapter>__` version of a macro here and no model changes.
#}

{# Names of the Parquet files in a folder. #}
{% macro parquet_files_in(folder) -%}
    {{ return(adapter.dispatch('parquet_files_in')(folder)) }}
{%- endmacro %}

{% macro default__parquet_files_in(folder) -%}
    {%- set exact = modules.re.sub('([*?\\[])', '[\\1]', folder) | replace("'", "''") -%}
    {%- set found = [] -%}
    {%- for row in run_query("select file from glob('" ~ exact ~ "/*.parquet')").rows -%}
        {%- do found.append(row[0].split('/')[-1]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Rows of Parquet files. `paths` are exact names: characters that a glob would read are escaped. #}
{% macro read_parquet_files(paths) -%}
    {{ return(adapter.dispatch('read_parquet_files')(paths)) }}
{%- endmacro %}

{% macro default__read_parquet_files(paths) -%}
    {%- set quoted = [] -%}
    {%- for path in paths -%}
        {%- set exact = modules.re.sub('([*?\\[])', '[\\1]', path) -%}
        {%- do quoted.append("'" ~ (exact | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {{ return('read_parquet([' ~ quoted | join(', ') ~ '], union_by_name = true, hive_partitioning = false)') }}
{%- endmacro %}

{# The columns of Parquet files, as an agate table of path and name. #}
{% macro parquet_columns(paths) -%}
    {{ return(adapter.dispatch('parquet_columns')(paths)) }}
{%- endmacro %}

{% macro default__parquet_columns(paths) -%}
    {%- set quoted = [] -%}
    {%- for path in paths -%}
        {%- set exact = modules.re.sub('([*?\\[])', '[\\1]', path) -%}
        {%- do quoted.append("'" ~ (exact | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {{ return(run_query(
        'select file_name, name from parquet_schema([' ~ quoted | join(', ') ~ ']) where num_children is null'
    )) }}
{%- endmacro %}

{# TRUE where the whole of a text matches a pattern. #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{# One group of the first match of a pattern; NULL where there is none. #}
{% macro extract(text, pattern, group=1) -%}
    {{ return(adapter.dispatch('extract')(text, pattern, group)) }}
{%- endmacro %}

{% macro default__extract(text, pattern, group) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ group }}), '')
{%- endmacro %}

{% macro replace_all(text, pattern, by) -%}
    {{ return(adapter.dispatch('replace_all')(text, pattern, by)) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, by) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}', 'g')
{%- endmacro %}

{# A date of three numbers or texts; NULL where the calendar has no such day. #}
{% macro date_of(year, month, day) -%}
    {{ return(adapter.dispatch('date_of')(year, month, day)) }}
{%- endmacro %}

{% macro default__date_of(year, month, day) -%}
    try_cast(cast({{ year }} as {{ dbt.type_string() }}) || '-' || lpad(cast({{ month }} as {{ dbt.type_string() }}), 2, '0') || '-'
        || lpad(cast({{ day }} as {{ dbt.type_string() }}), 2, '0') as date)
{%- endmacro %}

{# The UTC day of a count of milliseconds since 1970. #}
{% macro date_of_epoch_ms(text) -%}
    {{ return(adapter.dispatch('date_of_epoch_ms')(text)) }}
{%- endmacro %}

{% macro default__date_of_epoch_ms(text) -%}
    cast(epoch_ms(try_cast({{ text }} as bigint)) as date)
{%- endmacro %}

{# One row a whole number from `first` to `last`, in a column `n`. #}
{% macro numbers(first, last) -%}
    {{ return(adapter.dispatch('numbers')(first, last)) }}
{%- endmacro %}

{% macro default__numbers(first, last) -%}
    (select cast(range as integer) as n from range({{ first }}, {{ last }} + 1))
{%- endmacro %}

{# One row a piece of a text that `separator` divides, in columns `piece` and `piece_no` (1…), beside `columns`. #}
{% macro split_rows(relation, columns, text, separator) -%}
    {{ return(adapter.dispatch('split_rows')(relation, columns, text, separator)) }}
{%- endmacro %}

{% macro default__split_rows(relation, columns, text, separator) -%}
    (
        select
            {{ columns | join(', ') }},
            unnest(string_split({{ text }}, '{{ separator }}')) as piece,
            generate_subscripts(string_split({{ text }}, '{{ separator }}'), 1) as piece_no
        from {{ relation }}
    )
{%- endmacro %}

{# Texts of a group joined in a given order; NULL where one of them is. #}
{% macro join_texts(text, separator, order_by) -%}
    {{ return(adapter.dispatch('join_texts')(text, separator, order_by)) }}
{%- endmacro %}

{% macro default__join_texts(text, separator, order_by) -%}
    case when count(*) = count({{ text }}) then string_agg({{ text }}, '{{ separator }}' order by {{ order_by }}) end
{%- endmacro %}

{# Of a group, one column's value in the row in which another is least. #}
{% macro value_at_least(column, least) -%}
    {{ return(adapter.dispatch('value_at_least')(column, least)) }}
{%- endmacro %}

{% macro default__value_at_least(column, least) -%}
    arg_min({{ column }}, {{ least }})
{%- endmacro %}

{#
    A number for the values of several columns: the same values have the same number, and others almost never. Counting
    by it is cheap; whoever needs to be sure compares the values of the few rows that it finds.
#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{# A relation for `with`: each combination of values in more than one row. Only rows whose hash is are compared whole. #}
{% macro stands_several_times(relation, columns, name) -%}
{{ name }} as (
    select
        {%- for column in columns %}
        {{ column }} as {{ name }}_{{ column }},
        {%- endfor %}
        count(*) as {{ name }}_rows
    from (select {{ columns | join(', ') }}, {{ row_hash(columns) }} as row_hash from {{ relation }}) as hashed
    where row_hash in (
        select {{ row_hash(columns) }} from {{ relation }} group by {{ row_hash(columns) }} having count(*) > 1
    )
    group by {{ columns | join(', ') }}
    having count(*) > 1
)
{%- endmacro %}
