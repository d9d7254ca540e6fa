{#
    Our key of an age, of a folded text: `0` to `120` for a single year, `90_and_over` for an open band, `all`; any other
    band keeps its text. Publishers word them freely ("Under 1", "Aged 5", "90+", "90 oed a throsodd"), so the registry
    leaves the column open and this reads it.
#}
{% macro age_key(text) -%}
    {%- set under_1 = '(aged )?(under|less than) (1|one)( year)?( old| of age)?|<\\s*1|(o )?dan (1|un)( oed| mlwydd oed)?' -%}
    {%- set single = '^(?:ages?\\s+|aged\\s+|oed(?:ran)?\\s+|a)?0*(\\d{1,3})(?:\\s*(?:years?|years? old|years? of age|oed|[mb]?lwydd oed))?$' -%}
    {%- set open_band = '^(?:ages?\\s+|aged\\s+|oed\\s+)?(\\d{1,3})\\s*(?:years?\\s+)?(?:\\+|plus|(?:and|or|&)\\s+(?:over|above|older)|(?:oed )?(?:a|neu) (?:throsodd|drosodd|hŷn|hyn))$' -%}
    case
        when {{ text }} in (
            'all ages', 'all', 'all_ages', 'allages', 'total', 'totals', 'pob oed', 'pob oedran', 'cyfanswm', 't'
        ) then 'all'
        when {{ matches(text, under_1) }} then '0'
        when {{ extract(text, single) }} is not null
            then cast(cast({{ extract(text, single) }} as integer) as varchar)
        when {{ extract(text, open_band) }} is not null
            then cast(cast({{ extract(text, open_band) }} as integer) as varchar) || '_and_over'
        else {{ text }}
    end
{%- endmacro %}

{# A source's own wording as a member key: folded, without the two signs that breakdown text gives a meaning. #}
{% macro member_text(text) -%}
    nullif(replace(replace({{ fold(text) }}, ';', ','), '=', ' '), '')
{%- endmacro %}
