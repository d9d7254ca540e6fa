-- How each recommendation of the Public Accounts Committee stands: as stated, and as the evidence shows.
select
    commitment_key, text_en, text_cy, owner_en, owner_cy, status_stated, status_evidenced, status_evidenced_en,
    status_evidenced_cy, statuses_agree, original_due_text, due_latest, status_date, source_key, seed_line, known_from
from accountability.commitments
where source_body_key = 'pac_care_experienced_2018'
order by commitment_key
