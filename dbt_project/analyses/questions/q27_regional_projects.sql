-- Projects of the regional funds, as counted on a day. The two funds are different: the counts are not a trend.
select
    as_at_date, stream_key, area_name_en, area_name_cy, projects, projects_status, is_total, known_from, source_key, is_synthetic
from funding_streams.grant_project_counts
where stream_key like 'icf%' or stream_key = 'rif'
order by as_at_date asc, stream_key asc, is_total desc, area_name_en asc
