-- One row per disagreement that an audit found; of many of one rule, the first are kept.
CREATE OR REPLACE VIEW v_audit AS
SELECT
    f.id          AS finding_id, -- key of the finding
    f.audit_id    AS audit_id, -- the audit that found it; the largest is the latest
    a.started_at  AS started_at, -- when that audit began
    a.finished_at AS finished_at, -- when it ended; null while it goes on, or when it was killed
    f.rule        AS rule, -- what does not hold
    f.subject     AS subject, -- the row or file at which it does not hold
    f.message     AS message, -- what disagrees, in a sentence
    f.remedy      AS remedy, -- what to do about it
    f.of_rule     AS of_rule -- how many findings of this rule there were
FROM audit_finding AS f
JOIN audit AS a ON a.id = f.audit_id
