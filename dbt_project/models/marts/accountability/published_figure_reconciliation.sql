-- Grain: figure_id. Every figure that a document states beside what the warehouse says: the yardstick of the warehouse.
-- `warehouse_value` never comes from a document.
with
comparisons as (
    select
        *,
        -- a source that says the same after something else of it changed (which of the sources is quoted, say) said so before
        min(warehouse_known_from) over (partition by figure_id, warehouse_source_key, warehouse_value) as value_known_from
    from {{ ref('int_published_figure_comparisons') }}
),

chosen as (
    select * from comparisons
    where choice = 1 and is_current
),

-- the newest other vintage, or other source, with which the figure agrees
elsewhere as (
    select
        figure_id,
        warehouse_value,
        value_known_from,
        warehouse_source_key,
        tolerance,
        row_number() over (
            partition by figure_id order by warehouse_known_from desc, warehouse_source_key ASC
        ) as choice
    from comparisons
    where result in ('agrees', 'agrees_after_rounding') and not (choice = 1 and is_current)
),

conflicts as (  -- a figure that shares a group with a statement of another kind
    select
        mine.figure_id,
        min(mine.note_en) as note_en,
        min(mine.note_cy) as note_cy
    from {{ ref('published_figure_conflicts') }} as mine
    inner join {{ ref('published_figure_conflicts') }} as other
        on mine.conflict_group = other.conflict_group and mine.claim <> other.claim
    where mine.figure_id is not null
    group by mine.figure_id
),

figures as (
    select
        *,
        case when derivation in ('value', 'change_n') then 0 else 2 end as value_decimals
    from {{ ref('int_document_figures') }}
),

judged as (
    select
        figures.*,
        chosen.warehouse_value,
        chosen.warehouse_value - figures.value as difference,
        case when chosen.warehouse_value is not null then chosen.tolerance end as tolerance,
        case
            when chosen.warehouse_value is null and elsewhere.figure_id is null and conflicts.figure_id is not null
                then 'conflicts_with_other_document'
            when chosen.result in ('agrees', 'agrees_after_rounding') then chosen.result
            when elsewhere.figure_id is not null then 'agrees_with_other_vintage'
            when chosen.result = 'differs' then 'differs'
            else 'no_warehouse_value'
        end as verdict,
        chosen.warehouse_source_key,
        chosen.value_known_from as warehouse_known_from,
        case
            when chosen.warehouse_value is not null
                then
                    case when figures.derivation = 'value' then chosen.warehouse_status else 'derived' end
            else coalesce(chosen.warehouse_status, 'not_available')
        end as warehouse_value_status,
        coalesce(chosen.is_synthetic, false) and chosen.warehouse_value is not null as warehouse_is_synthetic,
        elsewhere.warehouse_value as other_value,
        elsewhere.value_known_from as other_known_from,
        conflicts.figure_id is not null as has_conflict,
        conflicts.note_en as conflict_note_en,
        conflicts.note_cy as conflict_note_cy
    from figures
    left join chosen on figures.figure_id = chosen.figure_id
    left join elsewhere on figures.figure_id = elsewhere.figure_id and elsewhere.choice = 1
    left join conflicts on figures.figure_id = conflicts.figure_id
),

worded as (
    select
        *,
        {{ document_says('value', 'qualifier', 'printed_decimals', 'unit', 'en') }} as says_en,
        {{ readable_figure('warehouse_value', 'value_decimals', 'unit', 'en') }} as warehouse_en,
        {{ readable_figure('other_value', 'value_decimals', 'unit', 'en') }} as other_en,
        {{ long_date('other_known_from', 'en') }} as other_date_en,
        case
            when unit = 'percent'
                then {{ readable_number('abs(difference)', 'value_decimals') }} || ' percentage points'
            else {{ readable_figure('abs(difference)', 'value_decimals', 'unit', 'en') }}
        end as difference_en,
        {{ document_says('value', 'qualifier', 'printed_decimals', 'unit', 'cy') }} as says_cy,
        {{ readable_figure('warehouse_value', 'value_decimals', 'unit', 'cy') }} as warehouse_cy,
        {{ readable_figure('other_value', 'value_decimals', 'unit', 'cy') }} as other_cy,
        {{ long_date('other_known_from', 'cy') }} as other_date_cy,
        case
            when unit = 'percent'
                then {{ readable_number('abs(difference)', 'value_decimals') }} || ' pwynt canran'
            else {{ readable_figure('abs(difference)', 'value_decimals', 'unit', 'cy') }}
        end as difference_cy,
        {{ readable_number('tolerance', '2') }} as tolerance_text
    from judged
),

explained as (
    select
        *,
        says_en
        || case verdict
            when 'agrees' then ' and the warehouse says ' || warehouse_en || ': they agree.'
            when 'agrees_after_rounding'
                then
                    ' and the warehouse says ' || warehouse_en
                    || ': they agree once rounding is allowed for (tolerance ' || tolerance_text || ').'
            when 'agrees_with_other_vintage'
                then
                    coalesce(
                        '; the warehouse says ' || warehouse_en || ' now, but',
                        '; the warehouse has no value now, but'
                    )
                    || ' what became known on ' || other_date_en || ' was ' || other_en
                    || ', and the document agrees with that.'
            when 'differs'
                then
                    ' and the warehouse says ' || warehouse_en || ': a difference of ' || difference_en
                    || ', which rounding does not explain (tolerance ' || tolerance_text || ').'
            when 'conflicts_with_other_document' then '; the warehouse has no figure of its own to settle it.'
            else case
                when derivation is null then {{ why_no_measure('en') }}
                when warehouse_value_status = 'suppressed' then '; the warehouse’s figure is suppressed.'
                else '; the warehouse has no value of this measure for this area and period.'
            end
        end
        || case when has_conflict then ' ' || conflict_note_en else '' end
        || {{ figure_notes('note_codes', 'en') }}
        || case
            when warehouse_is_synthetic
                then ' The warehouse value is synthetic (sample data) and says nothing about the real figure.'
            else ''
        end
        || case
            when duplicate_of is not null then ' This is a second copy of one document; it counts once.'
            else ''
        end as explanation_en,
        says_cy
        || case verdict
            when 'agrees' then ' a dywed y warws ' || warehouse_cy || ': maent yn cytuno.'
            when 'agrees_after_rounding'
                then
                    ' a dywed y warws ' || warehouse_cy
                    || ': maent yn cytuno ar ôl caniatáu ar gyfer talgrynnu (goddefiant ' || tolerance_text || ').'
            when 'agrees_with_other_vintage'
                then
                    coalesce(
                        '; dywed y warws ' || warehouse_cy || ' yn awr, ond',
                        '; nid oes gan y warws werth yn awr, ond'
                    )
                    || ' yr hyn a ddaeth yn hysbys ar ' || other_date_cy || ' oedd ' || other_cy
                    || ', ac mae’r ddogfen yn cytuno â hynny.'
            when 'differs'
                then
                    ' a dywed y warws ' || warehouse_cy || ': gwahaniaeth o ' || difference_cy
                    || ', nad yw talgrynnu yn ei esbonio (goddefiant ' || tolerance_text || ').'
            when 'conflicts_with_other_document' then '; nid oes gan y warws ffigur ei hun i setlo’r mater.'
            else case
                when derivation is null then {{ why_no_measure('cy') }}
                when warehouse_value_status = 'suppressed' then '; mae ffigur y warws wedi’i atal.'
                else '; nid oes gan y warws werth i’r mesur hwn ar gyfer yr ardal a’r cyfnod hwn.'
            end
        end
        || case when has_conflict then ' ' || conflict_note_cy else '' end
        || {{ figure_notes('note_codes', 'cy') }}
        || case
            when warehouse_is_synthetic
                then ' Mae gwerth y warws yn synthetig (data sampl) ac nid yw’n dweud dim am y ffigur go iawn.'
            else ''
        end
        || case
            when duplicate_of is not null then ' Ail gopi o’r un ddogfen yw hwn; mae’n cyfrif unwaith.'
            else ''
        end as explanation_cy
    from worded
)

select
    figure_id,
    document_key as document,
    document_key as source_key,
    document_title_en,
    document_title_cy,
    seed_line,
    measure_key,
    case when measure_key is not null then period_key end as period_key,
    area_code,
    derivation,
    value as published_value,
    unit,
    qualifier,
    rounding_base as published_rounding_base,
    known_from as published_known_from,
    warehouse_value,
    warehouse_value_status,
    warehouse_source_key,
    warehouse_known_from,
    difference,
    tolerance,
    verdict,
    explanation_en,
    explanation_cy,
    duplicate_of,
    is_imported,
    known_from,
    cast(null as timestamp) as known_to,
    loaded_at,
    cast(null as {{ dbt.type_string() }}) as revision_status,
    warehouse_is_synthetic as is_synthetic,
    'public' as audience,
    known_from as release_at,
    load_id,
    landed_sha256,
    source_row
from explained
