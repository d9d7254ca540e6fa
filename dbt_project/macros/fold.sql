{#
    Fold a label or code so that spellings that a person reads as the same compare equal: lower case, one space between
    words, straight apostrophes, no surrounding space. The same rule as `normalise` in ingestion/statswales/registry.py,
    which folded the spellings that this is compared with.
#}
{% macro fold(text) -%}
    {{ return(adapter.dispatch('fold')(text)) }}
{%- endmacro %}

{% macro default__fold(text) -%}
    lower(trim({{ replace_all(
        "replace(nfc_normalize(coalesce(" ~ text ~ ", '')), '’', '''')",
        '[\\s\\x{0b}\\x{1c}-\\x{1f}\\x{85}\\p{Z}]+', ' '
    ) }}))
{%- endmacro %}
