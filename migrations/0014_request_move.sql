-- Merged and split requests: asks stay facts under the request for which they were filed, and count for another one from a
-- morning on. Rows are only added. An empty account: all asks, and those to come.
CREATE TABLE request_move (
    number BIGINT PRIMARY KEY,
    from_request TEXT NOT NULL,
    into_request TEXT NOT NULL,
    account_id TEXT NOT NULL,
    known_on BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL
);
