{#-
    The school year, `2018/19`, that a figure is about. Of a day, the school year in which it falls: the census of 31 March
    2019 is matched to results of 2018/19. Of a year, the last school year that ended in it, whose results came out in it:
    for 2018-19 that is 2017/18. A school year stands for itself.
-#}
{% macro school_year(period_kind, period_key, period_end) -%}
    {%- set text = dbt.type_string() -%}
    case
        when {{ period_kind }} = 'school_year' then {{ period_key }}
        when {{ period_kind }} in ('financial_year', 'calendar_year') and month({{ period_end }}) < 9
            then cast(year({{ period_end }}) - 2 as {{ text }}) || '/'
                || substr(cast(year({{ period_end }}) - 1 as {{ text }}), 3, 2)
        when {{ period_kind }} in ('financial_year', 'calendar_year') or month({{ period_end }}) < 9
            then cast(year({{ period_end }}) - 1 as {{ text }}) || '/'
                || substr(cast(year({{ period_end }}) as {{ text }}), 3, 2)
        else
            cast(year({{ period_end }}) as {{ text }}) || '/'
            || substr(cast(year({{ period_end }}) + 1 as {{ text }}), 3, 2)
    end
{%- endmacro %}

{#- Whether a status is one that has a value. -#}
{% macro has_value(status) -%}
    {{ status }} in ('reported', 'derived', 'partial')
{%- endmacro %}

{#-
    TRUE where the words for who was asked say that it was all of Wales, or where there are none: the English words where
    they are there, else the Welsh ones. Words that name authorities, or leave some out, are never read as all of Wales.
-#}
{% macro says_all_of_wales(asked_en, asked_cy) -%}
    coalesce(
        {{ matches('lower(trim(' ~ asked_en ~ '))', '(([^,;0-9]* )?(all|whole) of )?wales[.]?') }}
        and lower({{ asked_en }}) not like '%authorit%' and lower({{ asked_en }}) not like '%council%'
        and lower({{ asked_en }}) not like '%not %' and lower({{ asked_en }}) not like '%except%',
        {{ matches(
            'lower(trim(' ~ asked_cy ~ '))',
            '(([^,;0-9]* )?ledled cymru( gyfan)?|([^,;0-9]* )?(c|g|ngh)ymru (gyfan|i gyd)|cymru)[.]?'
        ) }}
        and lower({{ asked_cy }}) not like '%wdurdod%' and lower({{ asked_cy }}) not like '%cyngor%'
        and lower({{ asked_cy }}) not like '%ynghor%' and lower({{ asked_cy }}) not like '%ac eithrio%'
        and lower({{ asked_cy }}) not like '%heblaw%',
        true
    )
{%- endmacro %}
