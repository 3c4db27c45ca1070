-- The schema as it stands after every migration; a test compares the two.
-- One row a thing; values as JSON in `body`, and columns for what is searched.

CREATE TABLE unit (
  name TEXT PRIMARY KEY,
  stage TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_of_stage ON unit (stage, name);

CREATE TABLE stage (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  stage TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX secret_of_stage ON secret (stage, name);

-- The audit log: `hash` covers the hash before it and `body`.
CREATE TABLE event (
  number INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX event_of_subject ON event (subject, number);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'an event is never changed');
END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
WHEN NOT EXISTS (
  SELECT 1 FROM event_gap
  WHERE first = (SELECT max(first) FROM event_gap WHERE first <= OLD.number)
  AND last >= OLD.number
)
BEGIN
  SELECT RAISE(ABORT, 'an event is never removed unless a gap stands for it');
END;

-- Events that are old may go; a gap stands for those from `first` to `last`, with the hash of the
-- last one, so that the chain can be verified past them.
CREATE TABLE event_gap (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL UNIQUE,
  hash TEXT NOT NULL
) STRICT;

-- The end of the chain, written with each event: so a log that lost its end is noticed.
CREATE TABLE event_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- `number` counts the runs of a subject; its newest run is never removed, so no id comes twice.
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,
  revision TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  ended INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL,
  UNIQUE (subject, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_attempt ON run (subject, revision, attempt);
CREATE INDEX run_open ON run (id) WHERE ended = 0;

CREATE TABLE step (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  step TEXT NOT NULL,
  number INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
  number INTEGER PRIMARY KEY,
  product TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (product, digest)
) STRICT;
CREATE INDEX release_of_product ON release (product, number);

CREATE TABLE approval (
  stage TEXT NOT NULL,
  release TEXT NOT NULL,
  person TEXT NOT NULL,
  number INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (stage, release, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
  scope TEXT NOT NULL,
  number INTEGER NOT NULL,
  commit_id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (scope, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests of people for secrets and credentials; never a value.
CREATE TABLE issuance (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX issuance_by_number ON issuance (number);
CREATE INDEX issuance_that_is_open ON issuance (is_open, number);
