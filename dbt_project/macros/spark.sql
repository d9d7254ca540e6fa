{#
    What Spark says in words of its own (`--target spark`). The macros that these are versions of say what they do. The
    session of profiles.yml reads a backslash in a text as it stands, and every timestamp in UTC.
#}

{# --- The files of the lake --- #}

{% macro spark__parquet_files_in(folder) -%}
    {%- set found = [] -%}
    {%- for row in run_query('select path from binaryFile.`' ~ spark_path(folder) ~ '/*.parquet`').rows -%}
        {%- do found.append(row[0].split('/')[-1]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# A path as a name: characters that a glob would read are escaped. #}
{% macro spark_path(path) -%}
    {{ return(modules.re.sub('([*?{}\\[\\]\\\\])', '\\\\\\1', path) | replace('`', '``')) }}
{%- endmacro %}

{% macro spark__read_parquet_files(paths) -%}
    {%- set each = [] -%}
    {%- for path in paths -%}
        {%- do each.append('select * from parquet.`' ~ spark_path(path) ~ '`') -%}
    {%- endfor -%}
    {{ return('(' ~ each | join(' union all ') ~ ')') }}
{%- endmacro %}

{% macro spark__register_relations(files, declared) %}
    {#
        A table over each file, of the declared columns: one that the file has not is NULL. Nothing needs to be asked of
        the files, which with this engine is a job for each of them.
    #}
    {# Of exports that nobody imported no model reads anything (`has_files`). #}
    {% for name, columns in declared.items() if name in files or not name.startswith('raw_statswales_export_') %}
        {% set schema = [] %}
        {% set empty = [] %}
        {% for column, data_type in columns.items() %}
            {% do schema.append(adapter.quote(column) ~ ' ' ~ data_type) %}
            {% do empty.append('cast(null as ' ~ data_type ~ ') as ' ~ adapter.quote(column)) %}
        {% endfor %}
        {% set tables = [] %}
        {% for path in files.get(name, []) %}
            {% do tables.append('lake.' ~ adapter.quote(name if files[name] | length == 1 else name ~ '__' ~ loop.index)) %}
            {% do run_query(
                'create table if not exists ' ~ tables[-1] ~ ' (' ~ schema | join(', ') ~ ") using parquet options (path '"
                ~ (path | replace("'", "''")) ~ "')"
            ) %}
        {% endfor %}
        {% if tables | length != 1 %}
            {% set rows = [] %}
            {% for table in tables %}{% do rows.append('select * from ' ~ table) %}{% endfor %}
            {% do run_query(
                'create or replace view lake.' ~ adapter.quote(name) ~ ' as '
                ~ (rows | join(' union all ') or 'select ' ~ empty | join(', ') ~ ' where false')
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# --- Words that differ --- #}

{% macro spark__matches(text, pattern) -%}
    (({{ text }}) rlike '\A(?:{{ pattern }})\z')
{%- endmacro %}

{% macro spark__replace_all(text, pattern, by) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ by | replace('$', '\\$') }}')
{%- endmacro %}

{% macro spark__date_of_epoch_ms(text) -%}
    cast(timestamp_millis(try_cast({{ text }} as bigint)) as date)
{%- endmacro %}

{% macro spark__numbers(first, last) -%}
    (select cast(id as integer) as n from range({{ first }}, {{ last }} + 1))
{%- endmacro %}

{% macro spark__split_rows(relation, columns, text, separator) -%}
    (
        select
            {{ columns | join(', ') }},
            pieces.piece,
            cast(pieces.place + 1 as bigint) as piece_no
        from {{ relation }}
        lateral view posexplode(split({{ text }}, '\Q{{ separator }}\E')) pieces as place, piece
    )
{%- endmacro %}

{% macro spark__join_texts(text, separator, order_by) -%}
    case
        when count(*) = count({{ text }}) then listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
    end
{%- endmacro %}

{% macro spark__value_at_least(column, least) -%}
    min_by({{ column }}, case when {{ column }} is not null then {{ least }} end)
{%- endmacro %}

{# A NULL leaves the hash as it was, so that each value goes with whether it is there. #}
{% macro spark__row_hash(columns) -%}
    xxhash64({% for column in columns %}{{ column }} is null, {{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Spark has no function for normal forms; the library that sorts its texts has. #}
{% macro spark__fold(text) -%}
    lower(trim({{ replace_all(
        "replace(reflect('com.ibm.icu.text.Normalizer', 'compose', coalesce(" ~ text ~ ", ''), false), '’', '''')",
        '[\\s\\x{0b}\\x{1c}-\\x{1f}\\x{85}\\p{Z}]+', ' '
    ) }}))
{%- endmacro %}

{% macro spark__unsay(text, numerals) -%}
    regexp_replace({{ text }}, '(^|[^0-9./£-])(' || {{ numerals }} || ')(?![0-9A-Za-z_])', '$1…')
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    cast(datediff({{ last }}, {{ first }}) as bigint)
{%- endmacro %}

{% macro spark__readable_number(value, decimals) -%}
    case when {{ decimals }} = 0 then format_number(cast(round({{ value }}, 0) as bigint), 0)
        when {{ decimals }} = 1 then format_number(cast({{ value }} as double), 1)
        else format_number(cast({{ value }} as double), 2) end
{%- endmacro %}

{# dbt-spark's own fails on a NULL and makes a timestamp of every date. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- set months = {'month': 1, 'quarter': 3, 'year': 12} -%}
    {%- set days = {'day': 1, 'week': 7} -%}
    {%- if datepart in months -%}
        ({{ from_date_or_timestamp }} + make_interval(0, cast(({{ interval }}) * {{ months[datepart] }} as int)))
    {%- elif datepart in days -%}
        ({{ from_date_or_timestamp }} + make_interval(0, 0, 0, cast(({{ interval }}) * {{ days[datepart] }} as int)))
    {%- else -%}
        {{ exceptions.raise_compiler_error("dateadd on Spark knows days, weeks, months, quarters and years, not " ~ datepart) }}
    {%- endif -%}
{%- endmacro %}

{#
    Each pass is read twice by the next, and Spark puts its text in the place of its name: plans of two to the power of the
    passes. So each is a table before the next is planned, until one suppresses nothing more: whatever comes after it would
    do the same again.
#}
{% macro spark__suppression_passes(cells, groups, passes) -%}
    {%- set table = this.schema ~ '.' ~ this.identifier ~ '__pass_' -%}
    {%- set last = {'number': 0, 'suppressed': none, 'done': false} -%}
    {%- if execute -%}
        {%- do run_query('drop table if exists ' ~ table ~ '0') -%}
        {%- do run_query(
            'create table ' ~ table ~ '0 as with ' ~ suppression_start(cells, groups) ~ ', ' ~ suppression_pass_0()
            ~ ' select * from pass_0'
        ) -%}
        {%- for number in range(1, passes + 1) -%}
            {%- if not last.done -%}
                {%- do run_query('drop table if exists ' ~ table ~ number) -%}
                {%- do run_query(
                    'create table ' ~ table ~ number ~ ' as with ' ~ suppression_pass(number, groups, table ~ (number - 1))
                    ~ ' select * from pass_' ~ number
                ) -%}
                {%- set suppressed = run_query('select sum(is_suppressed) from ' ~ table ~ number).columns[0][0] -%}
                {%- do last.update({
                    'number': number, 'suppressed': suppressed, 'done': suppressed == last.suppressed
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ suppression_start(cells, groups) }},

    pass_{{ passes }} as (select * from {{ table ~ last.number }})
{%- endmacro %}

{# --- Tables and seeds --- #}

{# A type as a seed's column_types have it. #}
{% macro spark_type(data_type) -%}
    {{ return('string' if data_type | lower in ('varchar', 'text') else data_type) }}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(
            adapter.quote(name) ~ ' ' ~ spark_type(types.get(name, adapter.convert_type(agate_table, loop.index0)))
        ) -%}
    {%- endfor -%}
    {%- set sql = 'create table ' ~ this.render() ~ ' (' ~ columns | join(', ') ~ ') using parquet' -%}
    {% do run_query(sql) %}
    {{ return(sql) }}
{% endmacro %}

{#
    The file is read by the engine, as DuckDB does it. dbt-spark's own way, a statement that holds every value, takes an
    apostrophe for the end of a text and a missing value for the word None.
#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set texts = [] -%}
    {%- set values = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set data_type = spark_type(types.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
        {%- do texts.append(adapter.quote(name) ~ ' string') -%}
        {%- do values.append('cast(nullif(' ~ adapter.quote(name) ~ ", '') as " ~ data_type ~ ')') -%}
    {%- endfor -%}
    {%- set rows = adapter.quote('seed_' ~ model['name']) -%}
    {%- set path = model['root_path'] ~ '/' ~ model['original_file_path'] -%}
    {% do run_query(
        'create or replace temporary view ' ~ rows ~ ' (' ~ texts | join(', ') ~ ") using csv options (header 'true', "
        ~ "multiLine 'true', escape '\"', path '" ~ path | replace("'", "''") ~ "')"
    ) %}
    {%- set sql = 'insert into ' ~ this.render() ~ ' select ' ~ values | join(', ') ~ ' from ' ~ rows -%}
    {% do run_query(sql) %}
    {% do run_query('drop view ' ~ rows) %}
    {{ return(sql) }}
{% endmacro %}

{# A Parquet table holds no constraints: `not_null` of a contract is looked for in the rows instead. #}
{% macro spark__persist_constraints(relation, model) %}
    {% if config.get('contract').enforced %}
        {% set wanted = [] %}
        {% for column in model.columns.values() %}
            {% for constraint in column.constraints if constraint.type == 'not_null' %}
                {% do wanted.append(column.name) %}
            {% endfor %}
        {% endfor %}
        {% if wanted %}
            {% set counts = [] %}
            {% for name in wanted %}
                {% do counts.append('count(case when ' ~ adapter.quote(name) ~ ' is null then 1 end)') %}
            {% endfor %}
            {% set found = run_query('select ' ~ counts | join(', ') ~ ' from ' ~ relation).rows[0] %}
            {% for name in wanted %}
                {% if found[loop.index0] > 0 %}
                    {{ exceptions.raise_compiler_error(relation ~ ': rows with NULL in ' ~ name) }}
                {% endif %}
            {% endfor %}
        {% endif %}
    {% endif %}
{% endmacro %}

{#
    A view is a table here: a plan of ninety views of staging, each of them six joins, is sent whole to each task that reads
    a part of it, and takes minutes of which the rows take seconds.
#}
{% materialization view, adapter='spark' -%}
    {{ return(dbt.materialization_table_spark()) }}
{%- endmaterialization %}
