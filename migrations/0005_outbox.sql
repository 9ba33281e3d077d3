-- Who is sending a mail, under which number of claim, and whether the final dot of it may have gone out since: a sender
-- that lost its claim notes nothing, and one that died before the dot has certainly not sent. While a mail is claimed,
-- next_at is the end of the claim.
ALTER TABLE outbox ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN dotted BOOLEAN NOT NULL DEFAULT FALSE;
-- From this instant on the mail is not sent any more.
ALTER TABLE outbox ADD COLUMN not_after BIGINT;
-- What of it was news, as JSON: told again in the next mail where this one did not arrive.
ALTER TABLE outbox ADD COLUMN news TEXT NOT NULL DEFAULT '';

-- News that no mail holds yet, because that day's mail was on its way already.
CREATE TABLE untold (
    digest TEXT NOT NULL,
    person TEXT NOT NULL,
    news TEXT NOT NULL,
    PRIMARY KEY (digest, person)
);
