-- How fresh sources are by their data's own dates, as of any morning and through any pull.

-- The days on which a source's records of a kind happened (a ticket was opened or solved, a bill was paid), and from which
-- morning on that counts. What lay in the future when it was pulled is no sign of life and not noted.
CREATE TABLE record_day (
    source TEXT NOT NULL,
    record TEXT NOT NULL,
    day BIGINT NOT NULL,
    known_on BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    PRIMARY KEY (source, record, day)
);

-- The days on which a source was asked and what it had of a kind went in, even if nothing of it was new. An answer that
-- brought nothing new takes a number of its own among the pulls.
CREATE TABLE source_answer (
    source TEXT NOT NULL,
    record TEXT NOT NULL,
    day BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    PRIMARY KEY (source, record, day)
);
CREATE INDEX source_answer_pull ON source_answer (pull);

-- Until when a source wants to be left alone.
ALTER TABLE source_state ADD COLUMN deferred_until BIGINT;

-- What earlier pulls tell: a fact counts from the morning after its own day, or from the day of the pull that brought it.
INSERT INTO source_answer (source, record, day, pull)
    SELECT source, record, pulled_on, min(id) FROM pull WHERE NOT refused GROUP BY source, record, pulled_on;
INSERT INTO record_day (source, record, day, known_on, pull)
    SELECT p.source, f.record, f.known_on - 1, min(f.known_on), min(f.pull) FROM fact f JOIN pull p ON p.id = f.pull
    WHERE f.record IN ('touches', 'surveys', 'tickets', 'invoices', 'events', 'asks', 'values', 'leads') AND f.known_on > 0
    GROUP BY p.source, f.record, f.known_on - 1;
