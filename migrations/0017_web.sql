-- Who may open the web pages. Of what opens something only the SHA-256 is kept. Instants are microseconds.
CREATE TABLE sign_in (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);
-- Tokens with which programs ask on behalf of a person.
CREATE TABLE api_token (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
-- Digests that their readers want no more.
CREATE TABLE digest_off (
    person TEXT NOT NULL,
    digest TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (person, digest)
);
-- Keys that longroad makes for itself.
CREATE TABLE own_key (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
