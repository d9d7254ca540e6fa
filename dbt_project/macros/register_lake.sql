{#
    Make the schema `lake`: views over the frozen snapshot and over exactly the raw files that it names. Runs before
    anything else in every command that builds (on-run-start). A glob over the lake would also read what a killed run
    left behind; the snapshot does not name that.

    A source without files, and a declared column that no file has, become typed and empty rather than an error.
#}
{% macro register_lake() %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'seed', 'snapshot', 'run-operation', 'retry', 'clone'] %}
        {% set folder = snapshot_folder() %}
        {% set there = parquet_files_in(folder) %}
        {% if 'files.parquet' not in there %}
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
        {% for name in ['vintages', 'files', 'loads', 'spellings', 'registry_columns', 'registry_measures', 'corrections'] %}
            {% do files.update({name: [folder ~ '/' ~ name ~ '.parquet']}) %}
        {% endfor %}
        {# What a snapshot says of returns; one that was frozen before there were any says nothing. #}
        {% for name in return_tables() if name ~ '.parquet' in there %}
            {% do files.update({name: [folder ~ '/' ~ name ~ '.parquet']}) %}
        {% endfor %}
        {% set text = dbt.type_string() %}
        {# What is declared, what has files, and what the registry names: every dataset has the columns of a batch. #}
        {% set declared = {} %}
        {% for node in graph.sources.values() if node.source_name == 'lake' %}
            {% do declared.update({node.name: {}}) %}
            {% for column in node.columns.values() %}
                {% do declared[node.name].update({column.name: column.data_type or text}) %}
            {% endfor %}
        {% endfor %}
        {% set roles = "select distinct source_key, role, kind from "
            ~ read_parquet_files([folder ~ '/registry_columns.parquet']) ~ " order by source_key, role" %}
        {% for row in run_query(roles).rows %}
            {% set columns = declared.setdefault('raw_' ~ row[0], {}) %}
            {% for name in ['value', 'notes', 'note_codes', row[1], row[1] ~ '_code'] %}
                {% do columns.update({name: text}) %}
            {% endfor %}
            {% if row[2] == 'period' %}{% do columns.update({row[1] ~ '_sort': text}) %}{% endif %}
            {% if row[2] == 'area' %}{% do columns.update({row[1] ~ '_hierarchy': text}) %}{% endif %}
            {% do columns.update({
                '_source_row': 'bigint', '_load_id': text, '_landed_sha256': text, '_change_id': text, '_gone': 'boolean',
            }) %}
        {% endfor %}
        {% do register_relations(files, declared) %}
    {% endif %}
{% endmacro %}

{# The files of the snapshot that are about returns (docs/design.md, “What the frozen snapshot has of returns”). #}
{% macro return_tables() %}
    {{ return([
        'snapshot', 'return_specs', 'return_columns', 'return_choices', 'expected_returns', 'submissions',
        'return_cells', 'return_quarantined_cells', 'return_problems', 'return_offers', 'return_queries',
    ]) }}
{% endmacro %}

{# GOFAL_SNAPSHOT, else the home's, else the sample's in this checkout. #}
{% macro snapshot_folder() %}
    {%- set home = env_var('GOFAL_HOME', '') -%}
    {%- set default = (home ~ '/snapshot') if home else (invocation_args_dict.get('project_dir', '.') ~ '/../var/sample/snapshot') -%}
    {{ return((env_var('GOFAL_SNAPSHOT', '') or default).rstrip('/')) }}
{% endmacro %}

{#
    Relations of the schema `lake`: `files` says of a name which files it is made of, `declared` which columns of which
    types it has.
#}
{% macro register_relations(files, declared) %}
    {{ return(adapter.dispatch('register_relations')(files, declared)) }}
{% endmacro %}

{% macro default__register_relations(files, declared) %}
    {# What columns the files have: asked once for all of them, for there may be hundreds. #}
    {% set found = {} %}
    {% set paths = [] %}
    {% for name in files %}{% do paths.extend(files[name]) %}{% endfor %}
    {% for row in parquet_columns(paths).rows %}
        {% do found.setdefault(row[0], []).append(row[1]) %}
    {% endfor %}
    {% set views = [] %}
    {% for name in (declared.keys() | list + files.keys() | list) | unique | sort %}
        {% set columns = [] %}
        {% for path in files.get(name, []) %}{% do columns.extend(found.get(path, [])) %}{% endfor %}
        {% do views.append(lake_view(name, files.get(name, []), columns | unique | list, declared.get(name, {}))) %}
    {% endfor %}
    {% do run_query(views | join(';')) %}
{% endmacro %}

{# One view: the files, with every declared column there and of its declared type. #}
{% macro lake_view(name, paths, found, columns) %}
    {%- set selected = [] -%}
    {%- for column, data_type in columns.items() -%}
        {%- set value = adapter.quote(column) if column in found else 'null' -%}
        {%- do selected.append('cast(' ~ value ~ ' as ' ~ data_type ~ ') as ' ~ adapter.quote(column)) -%}
    {%- endfor -%}
    {%- for column in found if column not in columns -%}
        {%- do selected.append(adapter.quote(column)) -%}
    {%- endfor -%}
    create or replace view lake.{{ adapter.quote(name) }} as
    select {{ selected | join(', ') }}
    {% if paths %}from {{ read_parquet_files(paths) }}{% else %}where false{% endif %}
{% endmacro %}
