-- What tells things to do for an account from each other, the occasion on which a play acted, what kind of work a task is,
-- and the task that must have ended before it.

ALTER TABLE prescription ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE prescription ADD COLUMN occasion TEXT;
UPDATE prescription SET identity = playbook;
-- What was opened on a morning, and what was closed since one.
CREATE INDEX prescription_opened ON prescription (opened_on);
CREATE INDEX prescription_closed ON prescription (closed_on);

ALTER TABLE task ADD COLUMN kind TEXT NOT NULL DEFAULT 'call';
ALTER TABLE task ADD COLUMN after_step BIGINT;
