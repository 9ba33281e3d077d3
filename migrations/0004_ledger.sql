-- What ran, what is to run, and what was missed: one row for each time at which a job was due. Instants are microseconds.

-- Whoever holds this table locked is the one writer of the store (on PostgreSQL; a SQLite file has a lock of its own). It
-- holds no rows: its lock is what it is for.
CREATE TABLE writer (
    taken BIGINT PRIMARY KEY
);

-- state: ready, running, done, failed, missed, skipped. fence counts the claims: whoever holds an older one than the row's
-- has lost it. lease_until says when a claim that is not renewed ends; next_at, when one that failed is tried again.
CREATE TABLE job_run (
    job TEXT NOT NULL,
    slot BIGINT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    error TEXT NOT NULL,
    PRIMARY KEY (job, slot)
);
-- The rows that a scheduler looks for each time it wakes.
CREATE INDEX job_run_state ON job_run (state, job, slot);
