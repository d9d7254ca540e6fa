{# What published_figure_reconciliation says in words, in one place. #}

{#- Why nothing is held against a figure that no measure of the warehouse is about. -#}
{% macro why_no_measure(language) -%}
    {%- set words = {
        'threshold': [
            '; it is a limit, an age or an interval that a rule sets, which nothing measures.',
            '; terfyn, oedran neu gyfnod a bennir gan reol ydyw, nad oes dim yn ei fesur.'],
        'target': [
            '; it is a target or a deadline, which no statistic answers.',
            '; targed neu ddyddiad cau ydyw, nad oes ystadegyn yn ei ateb.'],
        'planned': [
            '; it is a plan, and no return brings what came of it.',
            '; cynllun ydyw, ac nid oes ffurflen yn dod â’r hyn a ddaeth ohono.'],
        'governance_count': [
            '; it counts bodies, documents or steps, which no statistic does.',
            '; mae’n cyfrif cyrff, dogfennau neu gamau, nad oes ystadegyn yn eu cyfrif.'],
    } -%}
    case
        {%- for kind, texts in words.items() %}
        when figure_kind = '{{ kind }}' then '{{ texts[0 if language == 'en' else 1] }}'
        {%- endfor %}
        when unit = 'GBP' and subject_area <> 'finance_outturn'
            then '{{ {
                'en': '; no statistic follows this award: funding_streams.funding_awards sets the statements of it side by side.',
                'cy': '; nid oes ystadegyn yn dilyn y dyfarniad hwn: mae funding_streams.funding_awards yn gosod y datganiadau amdano ochr yn ochr.',
            }[language] }}'
        when subject_area = 'survey'
            then '{{ {
                'en': '; no statistic asks this: answers to surveys stand in outcomes.children_voice.',
                'cy': '; nid oes ystadegyn yn gofyn hyn: mae atebion i arolygon yn outcomes.children_voice.',
            }[language] }}'
        else '{{ {
            'en': '; the warehouse holds no statistic of this yet.',
            'cy': '; nid oes gan y warws ystadegyn ar gyfer hyn eto.',
        }[language] }}'
    end
{%- endmacro %}

{#- A sentence for each note on a figure that its reader has to know to read it right (`published_figures.note_codes`). -#}
{% macro figure_notes(note_codes, language) -%}
    {%- set words = {
        'unit_corrected': [
            'The document calls this percentage points; a rate per 10,000 has none, and the unit here is put right.',
            'Mae’r ddogfen yn galw hyn yn bwyntiau canran; nid oes gan gyfradd fesul 10,000 rai, a chywirwyd yr uned yma.'],
        'definition_differs': [
            'Other statements of it define it in another way.',
            'Mae datganiadau eraill amdano yn ei ddiffinio mewn ffordd arall.'],
        'same_money': [
            'The same money is stated elsewhere; it is never added to it.',
            'Mae’r un arian wedi’i nodi mewn man arall; ni chaiff byth ei ychwanegu ato.'],
        'same_number': [
            'Other figures have the same value and are about something else.',
            'Mae gan ffigurau eraill yr un gwerth ac maent yn ymwneud â rhywbeth arall.'],
        'subset': [
            'It is part of another figure and is not added to it.',
            'Mae’n rhan o ffigur arall ac ni chaiff ei ychwanegu ato.'],
        'few_areas': [
            'It covers some areas only.',
            'Rhai ardaloedd yn unig sydd ynddo.'],
        'base_not_stated': [
            'The document does not say what it is a share of.',
            'Nid yw’r ddogfen yn dweud o beth y mae’n gyfran.'],
        'period_inferred': [
            'The document does not state its period plainly.',
            'Nid yw’r ddogfen yn nodi ei gyfnod yn glir.'],
        'advisory': [
            'It is advisory, and no target.',
            'Cynghorol ydyw, ac nid targed.'],
    } -%}
    {%- for code, texts in words.items() %}
    case when {{ has_code(note_codes, code) }} then ' {{ texts[0 if language == 'en' else 1] }}' else '' end
        {{- ' ||' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
