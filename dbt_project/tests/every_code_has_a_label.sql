-- A code that stands in a mart without a label beside it is in dim_code, in both languages.
{%- set lists = {
    'audience': [('fct_measure_value', 'audience'), ('fct_return_value', 'audience'), ('return_calendar', 'audience')],
    'total_basis': [
        ('children_looked_after_as_known', 'total_basis'), ('children_looked_after_by_group', 'total_basis'),
        ('social_services_outturn', 'total_basis'),
        ('prevention_and_acute', 'total_basis'), ('reduction_expectations', 'total_basis'), ('area_context', 'total_basis'),
    ],
    'qualifier': [
        ('children_looked_after_as_known', 'qualifier'), ('care_leavers', 'qualifier'), ('children_voice', 'qualifier'),
        ('newborn_proceedings', 'qualifier'), ('workforce', 'qualifier'), ('funding_awards', 'amount_qualifier'),
        ('published_figure_reconciliation', 'qualifier'), ('regional_accommodation', 'funding_gbp_qualifier'),
    ],
    'priority': [('reduction_expectations', 'priority')],
    'gender': [('children_looked_after_by_group', 'gender')],
    'age_group': [('children_looked_after_by_group', 'age_group')],
    'framework': [('dim_measure', 'framework'), ('social_services_performance_measures', 'framework')],
    'rate_base': [('dim_measure', 'rate_base')],
    'confidence': [('dim_measure', 'confidence')],
    'publishable_level': [('measure_publishability', 'publishable_level')],
    'area_type': [('dim_area', 'area_type'), ('area_membership', 'group_type')],
    'certainty': [('area_membership', 'certainty')],
    'source_kind': [('dim_source', 'kind'), ('funding_awards', 'source_kind')],
    'designation': [('dim_source', 'designation')],
    'period_type': [('dim_period', 'period_type')],
    'period_kind': [('newborn_proceedings', 'period_kind')],
    'verdict': [('published_figure_reconciliation', 'verdict')],
    'derivation': [('published_figure_reconciliation', 'derivation')],
    'cadence': [('return_calendar', 'cadence')],
    'severity': [('quarantined_rows', 'severity')],
    'expenditure_basis': [('social_services_outturn', 'expenditure_basis'), ('placement_costs', 'expenditure_basis')],
    'capital_or_revenue': [('grant_spend', 'capital_or_revenue')],
    'translation_status': [('grant_projects', 'translation_status'), ('reduction_expectations', 'translation_status')],
    'original_language': [('grant_projects', 'original_language'), ('reduction_expectations', 'original_language')],
    'basis': [('funding_lineage', 'basis'), ('dim_funding_stream', 'dates_basis')],
    'leavers_basis': [('children_looked_after_flows', 'leavers_basis')],
    'responses_basis': [('children_voice', 'responses_basis')],
    'status_date_basis': [('commitments', 'status_date_basis')],
    'outcome': [('load_history', 'outcome')],
    'rule_code': [('quarantined_rows', 'rule_code')],
    'channel': [('return_quality', 'channel')],
    'unit': [
        ('dim_measure', 'unit'), ('care_leavers', 'unit'), ('workforce', 'unit'), ('newborn_proceedings', 'unit'),
        ('grant_projects', 'unit'), ('social_services_performance_measures', 'unit'),
        ('published_figure_reconciliation', 'unit'), ('safety_companions', 're_registrations_unit'),
    ],
} %}
with
used as (
    {% for list, columns in lists.items() -%}
        {% set first_list = loop.first -%}
        {% for model, column in columns -%}
            {{ 'union' if not (first_list and loop.first) }}
            select
                '{{ list }}' as code_list,
                cast({{ column }} as {{ dbt.type_string() }}) as code,
                '{{ model }}.{{ column }}' as stands_in
            from {{ ref(model) }}
            where {{ column }} is not null
        {% endfor -%}
    {% endfor %}
)

select used.*
from used
left join {{ ref('dim_code') }} as codes on used.code_list = codes.code_list and used.code = codes.code
where codes.code is null
