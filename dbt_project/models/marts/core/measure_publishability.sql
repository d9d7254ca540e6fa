-- Grain: measure_key × financial_year. At which level of areas figures of a measure may be shown for a year: as a rule of
-- its framework says, and for statistics as the source itself publishes them.
with
rules as (
    select
        framework,
        first_year,
        coalesce(last_year, '9999-00') as last_year,
        publishable_level,
        reason_en,
        reason_cy
    from {{ ref('publishability_rules') }}
),

held as (
    select
        measure_key,
        {{ financial_year('period_end') }} as financial_year,
        max(period_end) as period_end,
        max(case when area_type = 'local_authority' then 1 else 0 end) as has_authorities
    from {{ ref('int_current_statements') }}
    where period_kind in ('financial_year', 'financial_year_end') and figure_kind = 'actual'
    group by measure_key, {{ financial_year('period_end') }}
),

judged as (
    select
        held.measure_key,
        held.financial_year,
        measures.measure_version_key,
        measures.framework,
        measures.official_code,
        case
            when measures.framework = 'statistics'
                then case when held.has_authorities = 1 then 'by_authority' else 'by_country' end
            when held.period_end < measures.valid_from or held.period_end >= measures.valid_to then 'outside_framework'
            when measures.confidence is null then 'not_confirmed'
            when rules.publishable_level is null then 'no_rule'
            else 'by_rule'
        end as basis,
        rules.publishable_level,
        rules.reason_en,
        rules.reason_cy
    from held
    inner join {{ ref('int_measure_versions') }} as measures
        on
            held.measure_key = measures.measure_key
            and held.period_end >= measures.applies_from
            and held.period_end < measures.applies_to
    left join rules
        on
            measures.framework = rules.framework
            and held.financial_year >= rules.first_year
            and held.financial_year <= rules.last_year
)

select
    measure_key,
    financial_year,
    measure_version_key,
    framework,
    official_code,
    case basis
        when 'by_rule' then publishable_level
        when 'by_authority' then 'local_authority'
        when 'by_country' then 'country'
        else 'none'
    end as publishable_level,
    case basis
        when 'by_rule' then reason_en
        when 'by_authority' then 'The source publishes it by local authority.'
        when 'by_country' then 'The source publishes it for Wales as a whole.'
        when 'outside_framework' then 'The year is none of its framework’s, so a figure for it is none of this measure.'
        when 'not_confirmed' then 'Only the publisher’s table gives this code and title; the framework’s own list is not confirmed.'
        else 'No rule says at which level it may be shown.'
    end as reason_en,
    case basis
        when 'by_rule' then reason_cy
        when 'by_authority' then 'Mae’r ffynhonnell yn ei gyhoeddi yn ôl awdurdod lleol.'
        when 'by_country' then 'Mae’r ffynhonnell yn ei gyhoeddi ar gyfer Cymru gyfan.'
        when 'outside_framework' then 'Nid yw’r flwyddyn yn un o flynyddoedd ei fframwaith, felly nid yw ffigur ar ei chyfer yn perthyn i’r mesur hwn.'
        when 'not_confirmed' then 'Tabl y cyhoeddwr yn unig sy’n rhoi’r cod a’r teitl hwn; nid yw rhestr y fframwaith ei hun wedi’i chadarnhau.'
        else 'Nid oes rheol yn dweud ar ba lefel y gellir ei ddangos.'
    end as reason_cy
from judged
