-- What was answered to those who send records, so that who sends the same again hears the same. at: microseconds.
CREATE TABLE push_answer (
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    at BIGINT NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (source, key)
);
CREATE INDEX push_answer_at ON push_answer (at);
