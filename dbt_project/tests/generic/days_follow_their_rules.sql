{#
    Each date in words has the days that its rule gives (seed `commitment_due_rules`). `dates` are lists of three columns:
    the rule, the first possible day and the last. A rule that nobody knows fails.
#}
{% test days_follow_their_rules(model, dates) %}
    {%- set first_to_last = {
        'year': [1, 1, 12, 31, 0],
        'financial_year': [4, 1, 3, 31, 1],
        'early_year': [1, 1, 3, 31, 0],
        'early_autumn': [9, 1, 10, 15, 0],
    } %}
select *
from {{ model }}
where false
    {%- for rule, first, last in dates %}
    or not coalesce(
        case {{ rule }}
            when 'none' then {{ first }} is null and {{ last }} is null
            when 'day' then {{ first }} = {{ last }}
            when 'month'
                then year({{ first }}) = year({{ last }}) and month({{ first }}) = month({{ last }})
                    and day({{ first }}) = 1 and day({{ last }} + interval 1 day) = 1
            {%- for name, ends in first_to_last.items() %}
            when '{{ name }}'
                then month({{ first }}) = {{ ends[0] }} and day({{ first }}) = {{ ends[1] }}
                    and month({{ last }}) = {{ ends[2] }} and day({{ last }}) = {{ ends[3] }}
                    and year({{ last }}) - year({{ first }}) = {{ ends[4] }}
            {%- endfor %}
            when 'end_of_senedd_term' then {{ first }} = {{ last }} and month({{ last }}) = 5
            when 'period' then {{ first }} < {{ last }}
            when 'from_day' then {{ first }} is not null and {{ last }} is null
        end, false)
    {%- endfor %}
{% endtest %}
