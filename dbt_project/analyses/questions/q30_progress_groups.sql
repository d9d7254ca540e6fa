-- How many authorities are in each group of progress, and whether the groups hold all 22.
select
    programme_key, group_key, group_en, group_cy, areas, of_which_pathfinders, of_which_non_pathfinders,
    areas_reporting, areas_expected, covers_every_area, source_key, seed_line, known_from
from accountability.progress_groups
order by programme_key, group_order
