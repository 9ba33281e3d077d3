-- One mail for one digest, person and day of theirs: stored whole before it is first sent, so that what is sent again is
-- the same to the byte. state: planned, claimed, accepted, rejected, unknown.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    person TEXT NOT NULL,
    local_day BIGINT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    body BYTEA NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    UNIQUE (digest, person, local_day)
);
CREATE INDEX outbox_due ON outbox (state, next_at, id);
