-- What people did with the records of pipelines: rows are only added. at: microseconds.
CREATE TABLE staged_move (
    number BIGINT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    record TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- move, extend, answer, refusal (an answer that is no good one) or touch
    kind TEXT NOT NULL,
    -- the stage, the question, or how a touch was answered
    what TEXT NOT NULL,
    note TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX staged_move_record ON staged_move (record, number);

-- From when to when a pipeline's condition on an account held, as the nights found it. Days since 1970-01-01.
CREATE TABLE staged_sign (
    sign TEXT NOT NULL,
    account_id TEXT NOT NULL,
    from_day BIGINT NOT NULL,
    until_day BIGINT,
    PRIMARY KEY (sign, account_id, from_day)
);
