-- What has to be remembered of a source to pull from it again, and to notice when it cannot be trusted.
-- Instants are microseconds, days are days since 1970-01-01.

-- How far each feed has been pulled, for sources that are asked for what changed.
CREATE TABLE source_feed (
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    through BIGINT NOT NULL,
    whole_at BIGINT NOT NULL,
    PRIMARY KEY (source, feed)
);

-- Where a source stands after it was last asked. failure: why nothing came of it; suspicion: why what it brought is held
-- back; accepted: somebody has looked, and the next pull goes in all the same.
CREATE TABLE source_state (
    source TEXT PRIMARY KEY,
    asked_at BIGINT NOT NULL,
    succeeded_at BIGINT,
    failure TEXT,
    suspect_since BIGINT,
    suspicion TEXT,
    accepted BOOLEAN NOT NULL
);

-- What a metric came to on a day, by the pull that brought most rows of it: the measure of what is usual.
CREATE TABLE usage_total (
    source TEXT NOT NULL,
    metric BIGINT NOT NULL,
    day BIGINT NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (source, metric, day)
);

-- Which accounts a feed has ever brought whole, and which its last whole pull did: a bit for each ordinal. missing: how
-- many of the former the latter lacks.
CREATE TABLE account_seen (
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    ever BYTEA NOT NULL,
    latest BYTEA NOT NULL,
    missing BIGINT NOT NULL,
    PRIMARY KEY (source, feed)
);

-- Whether a pull brought all that there is; the file's size and time, by which it is known again without being read; where in an answer of many pages a row that was set aside stands; and the
-- columns, parted by U+001F, so that one that is new or gone is noticed.
ALTER TABLE pull ADD COLUMN whole BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE pull ADD COLUMN columns TEXT NOT NULL DEFAULT '';
ALTER TABLE pull ADD COLUMN stamp TEXT NOT NULL DEFAULT '';
ALTER TABLE reject ADD COLUMN place TEXT NOT NULL DEFAULT '';
