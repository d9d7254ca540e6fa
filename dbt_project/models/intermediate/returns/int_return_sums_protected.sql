-- Grain: set_id × role. The sums of int_return_sums as they may be published.
select
    sums.set_id,
    sums.level,
    sums.submission_id,
    sums.return_key,
    sums.period_key,
    sums.sheet,
    sums.feed,
    sums.role,
    sums.subject,
    sums.area_code,
    sums.public_from,
    sums.public_to,
    sums.unit,
    sums.type,
    case
        when protection.is_suppressed then null
        when protection.cell_id is not null then protection.value
        else sums.value_number
    end as value_number,
    case when protection.is_suppressed then 'suppressed' else sums.value_status end as value_status,
    sums.areas_reporting,
    sums.areas_expected
from {{ ref('int_return_sums') }} as sums
left join {{ ref('int_return_protection') }} as protection
    on sums.is_disclosive and sums.set_id || '|' || sums.role = protection.cell_id
