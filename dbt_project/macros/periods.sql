{#
    The day on which each period ends, from what a source says of it; NULL where that cannot be read, which fails the
    build. A StatsWales date dimension gives the end as epoch milliseconds (`sort`); a plain lookup has only a label and
    a code, of many shapes: 2014-15, 2014/15, 201415, 2015, 31/03/2015, 20150331, 31 March 2015, 2014-15 (p), mid-2019.
    The date dimension is believed first, then the label, which is what people read, then the code.

    `period_kind` says which day of the year it must be, so that a bare year means 31 March for a count at the end of
    March and 30 June for a mid-year estimate. A reading that contradicts the kind (June for a 31 March count, a
    financial year for a mid-year one) is refused, not bent.

    Arguments:
        spelled: a relation with columns label, code, sort and period_kind.

    Gives: those columns and period_end.
#}
{% macro parse_period_ends(spelled) -%}
    select
        label,
        code,
        sort,
        period_kind,
        coalesce(
            max(case when preference = 1 then period_end end),
            max(case when preference = 2 then period_end end),
            max(case when preference = 3 then period_end end)
        ) as period_end
    from (
        select *, {{ period_end_of('period_kind', 'named_day', 'first_year', 'last_year', 'lone_year') }} as period_end
        from (
            select
                *,
                {{ period_day('preference', 'core') }} as named_day,
                -- two years that follow each other: 2014-15, 2014/2015, 201415
                cast({{ extract('core', period_year_pair(), 1) }} as integer) as first_year,
                cast({{ extract('core', period_year_pair(), 2) }} as integer) as last_year,
                cast({{ extract('core', '^((?:19|20)\\d{2})$') }} as integer) as lone_year
            from (
                select label, code, sort, period_kind, 1 as preference, trim(sort) as core from {{ spelled }}
                union all
                select label, code, sort, period_kind, 2, {{ period_core('label') }} from {{ spelled }}
                union all
                select label, code, sort, period_kind, 3, {{ period_core('code') }} from {{ spelled }}
            ) as said
        ) as read_days
    ) as read_ends
    group by label, code, sort, period_kind
{%- endmacro %}

{% macro period_year_pair() -%}
    ^(\d{4})\s*(?:[-/]|to|i)?\s*(?:\d{2})?(\d{2})$
{%- endmacro %}

{# A label without what surrounds the period: markers in brackets, "at", "year ending", "mid-year", provisional. #}
{% macro period_core(text) -%}
    trim({{ replace_all(
        replace_all(replace_all(fold(text), '\\s*[\\[(][^\\])]*[\\])]', ''), '[–—−]', '-'),
        '^(as )?(at|on|ar)\\s+|^((financial )?year )?(ending|ended)( on)?\\s+'
        ~ '|^(mid|canol)[- ]*(year|y flwyddyn|blwyddyn)?[- ]*'
        ~ '|(\\s+(provisional|revised|final|p|r|mid-?year|mid|amodol|diwygiedig))+$',
        ''
    ) }})
{%- endmacro %}

{#
    A text that names a day. In a sort column (preference 1) ten digits and more are milliseconds since 1970; fewer are
    a lookup's own order, which says nothing of time.
#}
{% macro period_day(preference, core) -%}
    {%- set months = [
        'jan(uary)?|ionawr', 'feb(ruary)?|chwefror', 'mar(ch)?|mawrth', 'apr(il)?|ebrill', 'may|mai', 'june?|mehefin',
        'july?|gorffennaf', 'aug(ust)?|awst', 'sept?(ember)?|medi', 'oct(ober)?|hydref', 'nov(ember)?|tachwedd',
        'dec(ember)?|rhagfyr',
    ] -%}
    {%- set worded = '^(\\d{1,2})(?:st|nd|rd|th|ain|af|fed|eg)?\\s+(?:of )?(\\p{L}+)\\.?,?\\s+(\\d{4})$' -%}
    case
        when {{ preference }} = 1
            then case when {{ matches(core, '-?\\d{10,14}') }} then {{ date_of_epoch_ms(core) }} end
        when {{ matches(core, '\\d{8}') }}
            then {{ date_of('substr(' ~ core ~ ', 1, 4)', 'substr(' ~ core ~ ', 5, 2)', 'substr(' ~ core ~ ', 7, 2)') }}
        when {{ matches(core, '\\d{4}-\\d{2}-\\d{2}([t ].*)?') }}
            then {{ date_of('substr(' ~ core ~ ', 1, 4)', 'substr(' ~ core ~ ', 6, 2)', 'substr(' ~ core ~ ', 9, 2)') }}
        when {{ matches(core, '\\d{1,2}[-/.]\\d{1,2}[-/.]\\d{4}') }}
            then {{ date_of(
                extract(core, '(\\d{4})$'), extract(core, '^\\d+[-/.](\\d+)'), extract(core, '^(\\d+)')
            ) }}
        when {{ matches(core, worded) }}
            then {{ date_of(
                extract(core, worded, 3),
                'case' ~ month_cases(extract(core, worded, 2), months) ~ ' end',
                extract(core, worded, 1)
            ) }}
    end
{%- endmacro %}

{% macro month_cases(word, months) -%}
    {%- for names in months %} when {{ matches(word, names) }} then {{ loop.index }}{% endfor -%}
{%- endmacro %}

{# The end of the period that a day dates, or that a year or two name, as its kind demands; NULL where they disagree. #}
{% macro period_end_of(kind, day, first_year, last_year, lone_year) -%}
    {%- set month = 'month(' ~ day ~ ')' -%}
    {%- set day_no = 'day(' ~ day ~ ')' -%}
    {%- set new_years_eve = '(' ~ month ~ ' = 12 and ' ~ day_no ~ ' = 31)' -%}
    {%- set pair = first_year ~ ' is not null and (' ~ first_year ~ ' + 1) % 100 = ' ~ last_year -%}
    case {{ kind }}
        {#- 31 December is how a calendar-year dimension dates the collection year 2015: 31 March of that year. #}
        when 'financial_year_end' then case
            when {{ day }} is not null then case
                when {{ month }} = 3 or {{ new_years_eve }} then {{ date_of('year(' ~ day ~ ')', 3, 31) }}
            end
            when {{ pair }} then {{ date_of('(' ~ first_year ~ ' + 1)', 3, 31) }}
            when {{ lone_year }} is not null then {{ date_of(lone_year, 3, 31) }}
        end
        when 'financial_year' then case
            when {{ day }} is not null then case when {{ month }} = 3 and {{ day_no }} = 31 then {{ day }} end
            when {{ pair }} then {{ date_of('(' ~ first_year ~ ' + 1)', 3, 31) }}
        end
        when 'mid_year' then case
            when {{ day }} is not null then case
                when {{ new_years_eve }}
                    or ({{ month }} = 6 and {{ day_no }} = 30) or ({{ month }} = 7 and {{ day_no }} = 1)
                    then {{ date_of('year(' ~ day ~ ')', 6, 30) }}
            end
            when {{ lone_year }} is not null then {{ date_of(lone_year, 6, 30) }}
        end
        when 'calendar_year' then case
            when {{ day }} is not null then case when {{ new_years_eve }} then {{ day }} end
            when {{ lone_year }} is not null then {{ date_of(lone_year, 12, 31) }}
        end
        when 'point' then {{ day }}
    end
{%- endmacro %}

{# Our key of a period: a date for a snapshot, `2018-19` for a financial year, `2019` for a calendar one. #}
{% macro period_key(kind, period_end) -%}
    case
        when {{ kind }} = 'financial_year' then {{ financial_year(period_end) }}
        when {{ kind }} = 'calendar_year' then cast(year({{ period_end }}) as varchar)
        else cast({{ period_end }} as varchar)
    end
{%- endmacro %}

{% macro period_type(kind) -%}
    case {{ kind }}
        when 'financial_year_end' then 'snapshot'
        when 'point' then 'snapshot'
        else {{ kind }}
    end
{%- endmacro %}

{% macro period_start(kind, period_end) -%}
    case
        when {{ kind }} = 'financial_year' then {{ date_of('(year(' ~ period_end ~ ') - 1)', 4, 1) }}
        when {{ kind }} = 'calendar_year' then {{ date_of('year(' ~ period_end ~ ')', 1, 1) }}
        else {{ period_end }}
    end
{%- endmacro %}

{# `2018-19`, of any day in it. #}
{% macro financial_year(day) -%}
    case
        when month({{ day }}) >= 4
            then cast(year({{ day }}) as varchar) || '-' || lpad(cast((year({{ day }}) + 1) % 100 as varchar), 2, '0')
        else cast(year({{ day }}) - 1 as varchar) || '-' || lpad(cast(year({{ day }}) % 100 as varchar), 2, '0')
    end
{%- endmacro %}

{# `31 March 2019`, `31 Mawrth 2019`. #}
{% macro long_date(day, language) -%}
    {%- set months = {
        'en': ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
               'November', 'December'],
        'cy': ['Ionawr', 'Chwefror', 'Mawrth', 'Ebrill', 'Mai', 'Mehefin', 'Gorffennaf', 'Awst', 'Medi', 'Hydref',
               'Tachwedd', 'Rhagfyr'],
    }[language] -%}
    cast(day({{ day }}) as varchar) || ' ' || case month({{ day }})
        {%- for name in months %} when {{ loop.index }} then '{{ name }}'{% endfor %}
    end || ' ' || cast(year({{ day }}) as varchar)
{%- endmacro %}
