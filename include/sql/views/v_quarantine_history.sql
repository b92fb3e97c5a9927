-- One row per thing that happened to an entry of the quarantine, by a run or by somebody.
CREATE OR REPLACE VIEW v_quarantine_history AS
SELECT
    e.id            AS event_id,       -- key of the event; events of an entry are numbered in their order
    e.quarantine_id AS quarantine_id,  -- the entry, see v_quarantine
    e.happened_at   AS happened_at,    -- when
    e.event         AS event,          -- opened, refused_again, resolved, gone, ignored or reopened
    e.reason        AS reason,         -- what it was refused for then
    e.message       AS message,        -- the sentence that it had then
    r.run_id        AS run_id,         -- the run that did it; null: somebody
    e.note          AS note,           -- what somebody wrote about it
    q.uri           AS uri,            -- address of the entry
    REPLACE(
        SUBSTRING_INDEX(SUBSTRING_INDEX(q.uri, '/', -1), '!', -1), '%20', ' '
    )               AS name,           -- last part of the address, for people
    q.page_no       AS page_no,        -- the page; null for the whole medium
    q.status        AS status          -- how the entry stands now
FROM quarantine_event AS e
JOIN quarantine AS q ON q.id = e.quarantine_id
LEFT JOIN ingest_run AS r ON r.id = e.ingest_run_id
