-- Each correction meets its wrong value in some vintage. One that meets none names a cell or a value that never was: look
-- at what the source published there, and write `found` in corrections.yml as it stands.
select * from {{ ref('corrections') }}
where is_judged and vintages = 0
