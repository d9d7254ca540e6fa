{#
    A number that came as text; NULL where it is not one. Never a silent cast: `value_status` of a text that is neither
    empty nor a number is NULL, which fails the build, naming the rows.

    Read: an optional sign (the typographic minus too), digits, thousands commas in their places, a decimal point, an
    exponent, spaces around. Not read: times (`HH:MM`), markers, ranges, `nan`, `inf`.
#}
{% macro to_number(text) -%}
    case
        when {{ matches("trim(replace(" ~ text ~ ", '−', '-'))",
            '[+-]?(\\d+|\\d{1,3}(,\\d{3})+)(\\.\\d+)?([eE][+-]?\\d{1,3})?') }}
            then try_cast(replace(trim(replace({{ text }}, '−', '-')), ',', '') as double)
    end
{%- endmacro %}

{# TRUE where a comma-joined list of note codes (`e,p`) has this one. #}
{% macro has_code(note_codes, code) -%}
    coalesce(',' || {{ note_codes }} || ',' like '%,{{ code }},%', false)
{%- endmacro %}

{#
    What a value and its note codes say together (ARCHITECTURE, "Notes codes"): c suppressed, z not applicable,
    x not available, whatever stands in the cell; empty without a note, not available; a number, reported.
    NULL for a text that is not a number: nobody has said what it means. `number` is the text as `to_number` read it.
#}
{% macro value_status(text, number, note_codes) -%}
    case
        when {{ has_code(note_codes, 'c') }} then 'suppressed'
        when {{ has_code(note_codes, 'z') }} then 'not_applicable'
        when {{ has_code(note_codes, 'x') }} then 'not_available'
        when coalesce(trim({{ text }}), '') = '' then 'not_available'
        when {{ number }} is not null then 'reported'
    end
{%- endmacro %}

{# p provisional, also where it was revised as well: it may still change. f is a forecast and never final. #}
{% macro revision_status(note_codes) -%}
    case
        when {{ has_code(note_codes, 'p') }} then 'provisional'
        when {{ has_code(note_codes, 'r') }} then 'revised'
    end
{%- endmacro %}
