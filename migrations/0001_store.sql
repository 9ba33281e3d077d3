-- One text for both databases: BIGINT, TEXT, BYTEA, BOOLEAN and DOUBLE PRECISION only; SQLite gets its own names and
-- STRICT (src/store/migrations.rs). Days are days since 1970-01-01, instants microseconds.

-- Every account ever heard of has a dense ordinal that is never used again; 4,096 ordinals make a block.
CREATE TABLE account (
    ordinal BIGINT PRIMARY KEY,
    block BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE
);
CREATE INDEX account_block ON account (block);

-- Every version of every record: what it said, from which morning on it counts, which pull brought it. Where a record
-- moves to an account of another block, an empty version ends it in the block that it leaves.
CREATE TABLE fact (
    record TEXT NOT NULL,
    key TEXT NOT NULL,
    pull BIGINT NOT NULL,
    known_on BIGINT NOT NULL,
    block BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    -- ordinal, known_on, pull and key once more, as the text in which a cycle reads them: turning the numbers of a million
    -- rows into text costs a database more than all the rest.
    head TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (record, key, pull, block)
);
CREATE INDEX fact_block ON fact (block, record);

-- One file (or answer) of a source, taken in or refused.
CREATE TABLE pull (
    id BIGINT PRIMARY KEY,
    source TEXT NOT NULL,
    record TEXT NOT NULL,
    file TEXT NOT NULL,
    hash TEXT NOT NULL,
    at BIGINT NOT NULL,
    pulled_on BIGINT NOT NULL,
    approximate BOOLEAN NOT NULL,
    row_count BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    refused BOOLEAN NOT NULL,
    notes TEXT NOT NULL
);
CREATE INDEX pull_file ON pull (source, file, id);

-- Rows set aside by a pull.
CREATE TABLE reject (
    pull BIGINT NOT NULL,
    number BIGINT NOT NULL,
    line BIGINT NOT NULL,
    column_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    row_text TEXT NOT NULL,
    PRIMARY KEY (pull, number)
);

CREATE TABLE metric (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL
);

-- id = block << 32 | metric << 20 | day: the values of one metric, one day, one block of accounts.
CREATE TABLE tile (
    id BIGINT PRIMARY KEY,
    body BYTEA NOT NULL
);
--postgres ALTER TABLE tile ALTER COLUMN body SET STORAGE EXTERNAL;

-- What cells of a tile were believed to be before a pull wrote over them, for mornings before replaced_on.
CREATE TABLE tile_journal (
    tile BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    replaced_on BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (tile, pull, replaced_on)
);

-- The days of which a source has brought any use, and from which morning on that counts.
CREATE TABLE usage_day (
    source TEXT NOT NULL,
    day BIGINT NOT NULL,
    known_on BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    PRIMARY KEY (source, day)
);

-- Every set of scorecards, plays and metrics that ever gave a score, so that the score can be given again.
CREATE TABLE configuration (
    hash TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    first_used_at BIGINT NOT NULL
);

-- One finished cycle per morning.
CREATE TABLE cycle (
    as_of BIGINT PRIMARY KEY,
    through_pull BIGINT NOT NULL,
    config_hash TEXT NOT NULL,
    approximated BOOLEAN NOT NULL,
    finished_at BIGINT NOT NULL,
    report TEXT NOT NULL
);

-- The scores given in a cycle, a block of accounts a row.
CREATE TABLE score_block (
    as_of BIGINT NOT NULL,
    block BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (as_of, block)
);

-- The factors of the scores of those accounts of a block whose turn came on that morning.
CREATE TABLE turn_block (
    as_of BIGINT NOT NULL,
    block BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (as_of, block)
);
