{#
    Make the schema `lake`: views over the frozen snapshot and over exactly the raw files that it names. Runs before
    anything else in every command that builds (on-run-start). A glob over the lake would also read what a killed run
    left behind; the snapshot does not name that.

    A source without files, and a declared column that no file has, become typed and empty rather than an error.
#}
{% macro register_lake() %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'seed', 'snapshot', 'run-operation', 'retry', 'clone'] %}
        {% set folder = snapshot_folder() %}
        {% if run_query("select count(*) from glob('" ~ (glob_exact(folder ~ '/files.parquet')) ~ "')").columns[0][0] == 0 %}
            {{ exceptions.raise_compiler_error(
                "No frozen snapshot of the lake at " ~ folder ~ ": expected files.parquet there. Run `make run` in the "
                ~ "checkout first; it loads the bundled sample and leaves a snapshot. Or name another one with "
                ~ "GOFAL_SNAPSHOT, or its home with GOFAL_HOME.\n"
                ~ "Nid oes ciplun o’r llyn data yn " ~ folder ~ ". Rhedwch `make run` yn gyntaf, neu nodwch un arall "
                ~ "gyda GOFAL_SNAPSHOT neu GOFAL_HOME."
            ) }}
        {% endif %}
        {% do run_query('create schema if not exists lake') %}
        {% set files = {} %}
        {% set listed = "select distinct relation, path from " ~ read_parquet_files([folder ~ '/files.parquet']) ~ " order by relation, path" %}
        {% for row in run_query(listed).rows %}
            {% do files.setdefault(row[0], []).append(row[1]) %}
        {% endfor %}
        {% for name in ['vintages', 'files', 'loads', 'registry_members', 'registry_columns'] %}
            {% do files.update({name: [folder ~ '/' ~ name ~ '.parquet']}) %}
        {% endfor %}
        {# What is declared, what has files, and what the registry names. #}
        {% set declared = {} %}
        {% for node in graph.sources.values() if node.source_name == 'lake' %}
            {% do declared.update({node.name: node.columns}) %}
        {% endfor %}
        {% set relations = (declared.keys() | list) + (files.keys() | list) %}
        {% for name in relations | unique | sort %}
            {% do run_query(lake_view(name, files.get(name, []), declared.get(name, {}))) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# GOFAL_SNAPSHOT, else the home's, else the sample's in this checkout. #}
{% macro snapshot_folder() %}
    {%- set home = env_var('GOFAL_HOME', '') -%}
    {%- set default = (home ~ '/snapshot') if home else (invocation_args_dict.get('project_dir', '.') ~ '/../var/sample/snapshot') -%}
    {{ return((env_var('GOFAL_SNAPSHOT', '') or default).rstrip('/')) }}
{% endmacro %}

{% macro glob_exact(path) %}
    {{ return(modules.re.sub('([*?\\[])', '[\\1]', path) | replace("'", "''")) }}
{% endmacro %}

{# One view: the files, with every declared column there and of its declared type. #}
{% macro lake_view(name, paths, columns) %}
    {%- set read = read_parquet_files(paths) if paths else none -%}
    {%- set found = run_query('describe select * from ' ~ read).columns[0].values() | list if read else [] -%}
    {%- set selected = [] -%}
    {%- for column in columns.values() -%}
        {%- set value = adapter.quote(column.name) if column.name in found else 'null' -%}
        {%- do selected.append('cast(' ~ value ~ ' as ' ~ (column.data_type or 'varchar') ~ ') as ' ~ adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- for column in found if column not in columns -%}
        {%- do selected.append(adapter.quote(column)) -%}
    {%- endfor -%}
    create or replace view lake.{{ adapter.quote(name) }} as
    select {{ selected | join(', ') }}
    {% if read %}from {{ read }}{% else %}where false{% endif %}
{% endmacro %}
