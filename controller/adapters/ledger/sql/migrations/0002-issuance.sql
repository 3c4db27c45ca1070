-- Requests of people for secrets and credentials; never a value.
CREATE TABLE issuance (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX issuance_by_number ON issuance (number);
CREATE INDEX issuance_that_is_open ON issuance (is_open, number);
