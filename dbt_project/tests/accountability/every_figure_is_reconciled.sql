-- Every figure of the documents stands in the reconciliation once, whatever became of it.
select figures.figure_id
from {{ ref('int_document_figures') }} as figures
left join {{ ref('published_figure_reconciliation') }} as reconciled on figures.figure_id = reconciled.figure_id
where reconciled.figure_id is null
