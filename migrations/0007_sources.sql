-- How far each feed of a source has been pulled, for sources that are asked for what changed. Instants are microseconds.
CREATE TABLE source_feed (
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    through BIGINT NOT NULL,
    whole_at BIGINT NOT NULL,
    PRIMARY KEY (source, feed)
);
