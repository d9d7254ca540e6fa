{#
    What holds in every row of a relation: one scan and one node, however many rules there are. A failing row names the
    rules that it breaks in `broken`.

    - `never_null`: columns with a value in every row.
    - `unique`: lists of columns, each combination in at most one row; two NULLs count as the same, but for a column
      alone NULL passes. The first is the grain of a mart.
    - `statuses`: columns with a status of the label table, or NULL.
    - `translated`: labels. Not NULL, not blank, no surrounding space.
    - `accepted`: column → its values; NULL passes.
    - `relationships`: `{column, to, field}`, a value of `column` stands in `field` of `to`; NULL passes.
    - `expressions`: name → expression; where one is NULL it does not hold.
#}
{% test holds_in_every_row(
    model, never_null=[], unique=[], statuses=[], translated=[], accepted={}, relationships=[], expressions={}
) %}
    {%- set rules, several, joins, members = {}, [], [], [] %}
    {%- for column in never_null %}
        {%- do rules.update({column ~ ' never_null': column ~ ' is null'}) %}
    {%- endfor %}
    {%- for columns in unique %}
        {%- set key, name = columns | join(', '), 'several_' ~ loop.index %}
        {%- do several.append(stands_several_times(model, columns, name)) %}
        {%- set same = [] %}
        {%- for column in columns %}
            {%- do same.append('checked.' ~ column ~ ' is not distinct from ' ~ name ~ '.' ~ name ~ '_' ~ column) %}
        {%- endfor %}
        {%- do joins.append('left join ' ~ name ~ ' on ' ~ same | join(' and ')) %}
        {%- set with_value = key ~ ' is not null and ' if columns | length == 1 else '' %}
        {%- do rules.update({key ~ ' unique': with_value ~ name ~ '_rows is not null'}) %}
    {%- endfor %}
    {%- for column in translated %}
        {%- do rules.update({
            column ~ ' translated':
                column ~ " is null or trim(" ~ column ~ ") = '' or trim(" ~ column ~ ") <> " ~ column
        }) %}
    {%- endfor %}
    {%- for column, values in accepted.items() %}
        {%- do rules.update({column ~ ' accepted': column ~ " not in ('" ~ values | join("', '") ~ "')"}) %}
    {%- endfor %}
    {%- for column in statuses %}
        {%- do members.append({'column': column, 'to': ref('value_statuses'), 'field': 'value_status'}) %}
    {%- endfor %}
    {%- for key in relationships + members %}
        {%- set member = 'member_' ~ loop.index %}
        {%- do joins.append(
            'left join (select distinct ' ~ key.field ~ ' as ' ~ member ~ ' from ' ~ key.to ~ ') as found_' ~ member
            ~ ' on checked.' ~ key.column ~ ' = found_' ~ member ~ '.' ~ member
        ) %}
        {%- set rule = key.column ~ ' in ' ~ key.to.identifier %}
        {%- do rules.update({rule: key.column ~ ' is not null and ' ~ member ~ ' is null'}) %}
    {%- endfor %}
    {%- for name, expression in expressions.items() %}
        {%- do rules.update({name: 'not coalesce(' ~ expression ~ ', false)'}) %}
    {%- endfor %}
    {%- set broken_somewhere = rules.values() | join(')\n    or (') %}
with
{%- for combinations in several %}
{{ combinations }},
{% endfor %}
checked as (
    select *
    from {{ model }}
)

select
    concat_ws(', ' {%- for rule, broken in rules.items() %}, case when {{ broken }} then '{{ rule }}' end {%- endfor %})
        as broken,
    checked.*
from checked
{{ joins | join('\n') }}
where
    ({{ broken_somewhere }})
{% endtest %}
