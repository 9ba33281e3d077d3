-- What people hold of accounts: said once with a reason, never changed; at most withdrawn. Days are days since 1970-01-01.
CREATE TABLE opinion (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    score DOUBLE PRECISION,
    category TEXT,
    contract_id TEXT,
    term_ends_on BIGINT,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    said_on BIGINT NOT NULL,
    expires_on BIGINT,
    withdrawn_at BIGINT,
    withdrawn_on BIGINT,
    withdrawn_by TEXT,
    withdrawn_reason TEXT
);
CREATE INDEX opinion_account ON opinion (account_id, said_at);
