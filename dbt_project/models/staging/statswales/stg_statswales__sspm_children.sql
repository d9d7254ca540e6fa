-- Quantitative social services performance measures - Children and Care Leavers. Mesurau perfformiad meintiol y gwasanaethau cymdeithasol - Plant a Rhai sy’n Gadael Gofal.
{{ stage_statswales(
    'sspm_children',
) }}
