-- What was prescribed to accounts, and the tasks that it consists of. Days are days since 1970-01-01.

CREATE TABLE prescription (
    id TEXT PRIMARY KEY,
    block BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    playbook TEXT NOT NULL,
    diagnosis TEXT NOT NULL,
    severe BOOLEAN NOT NULL,
    attempt BIGINT NOT NULL,
    opened_on BIGINT NOT NULL,
    review_on BIGINT NOT NULL,
    status TEXT NOT NULL,
    closed_on BIGINT,
    outcome TEXT,
    said TEXT,
    evidence TEXT NOT NULL
);
-- The rows of a block that can still matter: the open ones, and those closed of late.
CREATE INDEX prescription_block ON prescription (block, closed_on);

-- What it shares with its prescription stands there.
CREATE TABLE task (
    id TEXT PRIMARY KEY,
    prescription TEXT NOT NULL,
    step BIGINT NOT NULL,
    csm TEXT,
    assignee TEXT,
    owner TEXT NOT NULL,
    solution TEXT,
    title TEXT NOT NULL,
    due_on BIGINT NOT NULL,
    status TEXT NOT NULL,
    snoozed_until BIGINT,
    note TEXT,
    changed_by TEXT,
    closed_on BIGINT
);
CREATE INDEX task_prescription ON task (prescription, step);
CREATE INDEX task_status ON task (status, due_on, id);

-- Who changed a task by hand, when, and what they wrote: nothing of it is overwritten.
CREATE TABLE task_change (
    task TEXT NOT NULL,
    at BIGINT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    snoozed_until BIGINT,
    note TEXT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (task, number)
);
