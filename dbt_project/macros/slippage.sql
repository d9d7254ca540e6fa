{#
    How late, in words. Dates in documents are loose (a month, a year), so slippage has two bounds: `least` and `most`
    days. Each macro takes SQL expressions and returns one.
#}

{# `1 day`, `2 days`; `1 diwrnod`, `2 ddiwrnod`, `3 diwrnod`. -#}
{% macro days_in_words(days, language) -%}
    {{ readable_number(days, 0) }} ||
    {%- if language == 'en' %} case when {{ days }} = 1 then ' day' else ' days' end
    {%- else %} case when {{ days }} = 2 then ' ddiwrnod' else ' diwrnod' end
    {%- endif %}
{%- endmacro %}

{# `1 year`, `6 weeks`; in Welsh the noun follows its number: `1 flwyddyn`, `2 flynedd`, `5 mlynedd`. -#}
{% macro span_in_words(number, unit, language) -%}
    {{ readable_number(number, 0) }} || ' ' ||
    {%- if language == 'en' %}
    case when {{ number }} = 1 then substring({{ unit }}, 1, length({{ unit }}) - 1) else {{ unit }} end
    {%- else %}
    case {{ unit }}
        when 'years' then case
            when {{ number }} = 1 then 'flwyddyn'
            when {{ number }} = 2 then 'flynedd'
            when {{ number }} in (5, 7, 8, 9, 10) then 'mlynedd'
            else 'blynedd'
        end
        when 'months' then case when {{ number }} = 2 then 'fis' else 'mis' end
        when 'weeks' then 'wythnos'
        else case when {{ number }} = 2 then 'ddiwrnod' else 'diwrnod' end
    end
    {%- endif %}
{%- endmacro %}

{# Days in a span at `least` or at `most`: a year has 365 or 366, a month 28 to 31. NULL for another unit. -#}
{% macro days_in_span(number, unit, bound) -%}
    {{ number }} * case {{ unit }}
        when 'years' then {{ 365 if bound == 'least' else 366 }}
        when 'months' then {{ 28 if bound == 'least' else 31 }}
        when 'weeks' then 7
        when 'days' then 1
    end
{%- endmacro %}

{# The pieces of a sentence around its numbers, one sentence for each kind. #}
{% macro sentence_by_kind(kind, words, name, numbers) -%}
    case {{ kind }}
        {%- for each in ['due', 'done'] %}
            {%- set pieces = words[name ~ '_' ~ each] %}
            when '{{ each }}' then {{ pieces[0] }}
            {%- for piece in pieces[1:] %} || {{ numbers[loop.index0] }} || {{ piece }}{% endfor %}
        {%- endfor %}
    end
{%- endmacro %}

{#
    The slippage of something put back (`due`) or of something done (`done`). A bound below one day says that it may not
    have been late at all; an open bound (NULL) is said to be open.
-#}
{% macro slip_in_words(kind, least, most, language) -%}
    {%- set days_least = days_in_words(least, language) -%}
    {%- set days_most = days_in_words(most, language) -%}
    {%- set words = {
        'en': {
            'unknown': 'How late, if at all, is not known.',
            'none_due': 'Not put back.', 'none_done': 'Not late.',
            'exact_due': ["'Put back by '", "'.'"], 'exact_done': ["'Done '", "' late.'"],
            'range_due': ["'Put back by at least '", "' and at most '", "'.'"],
            'range_done': ["'Done at least '", "' and at most '", "' late.'"],
            'open_due': ["'Put back by at least '", "'; the documents set no limit.'"],
            'open_done': ["'At least '", "' late; the documents set no limit.'"],
            'most_due': ["'Put back by at most '", "', if at all.'"], 'most_done': ["'Done at most '", "' late, if at all.'"],
        },
        'cy': {
            'unknown': 'Nid yw’n hysbys pa mor hwyr, os o gwbl.',
            'none_due': 'Ni chafodd ei ohirio.', 'none_done': 'Nid oedd yn hwyr.',
            'exact_due': ["'Gohiriwyd am '", "'.'"], 'exact_done': ["'Fe’i gwnaed '", "' yn hwyr.'"],
            'range_due': ["'Gohiriwyd am o leiaf '", "' ac ar y mwyaf '", "'.'"],
            'range_done': ["'Fe’i gwnaed o leiaf '", "' ac ar y mwyaf '", "' yn hwyr.'"],
            'open_due': ["'Gohiriwyd am o leiaf '", "'; nid yw’r dogfennau’n gosod terfyn.'"],
            'open_done': ["'O leiaf '", "' yn hwyr; nid yw’r dogfennau’n gosod terfyn.'"],
            'most_due': ["'Gohiriwyd am '", "' ar y mwyaf, os o gwbl.'"],
            'most_done': ["'Fe’i gwnaed '", "' yn hwyr ar y mwyaf, os o gwbl.'"],
        },
    }[language] -%}
    case
        when {{ most }} < 1 then case {{ kind }} when 'due' then '{{ words.none_due }}' else '{{ words.none_done }}' end
        when {{ least }} >= 1 and {{ most }} is null then {{ sentence_by_kind(kind, words, 'open', [days_least]) }}
        when {{ least }} >= 1 and {{ least }} = {{ most }} then {{ sentence_by_kind(kind, words, 'exact', [days_most]) }}
        when {{ least }} >= 1 then {{ sentence_by_kind(kind, words, 'range', [days_least, days_most]) }}
        when {{ most }} is not null then {{ sentence_by_kind(kind, words, 'most', [days_most]) }}
        else '{{ words.unknown }}'
    end
{%- endmacro %}
