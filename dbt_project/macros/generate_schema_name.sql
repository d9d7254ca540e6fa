{# Schemas carry exactly the names that docs and BI tools use: `core`, never `main_core`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
