-- What the people who run longroad rely on: who changed what, and who is to be forgotten.

-- Append-only: `hash` is SHA-256 over the hash of the row before and the other columns (src/store/audit.rs). It holds ids and
-- words, never notes, names or addresses: what stands here can never be taken out again.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
--sqlite CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
--sqlite CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
--postgres CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
--postgres CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- What was forgotten, as keyed hashes: enough to know it again when a source brings it back, not enough to tell what it was.
CREATE TABLE forgotten (
    mark TEXT PRIMARY KEY,
    forgotten_at BIGINT NOT NULL
);

-- The key of those hashes: one row, made when somebody is first forgotten.
CREATE TABLE forgotten_key (
    number BIGINT PRIMARY KEY,
    secret BYTEA NOT NULL
);
