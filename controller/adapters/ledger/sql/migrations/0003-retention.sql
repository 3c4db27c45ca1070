-- Events that are old may go; a gap stands for those from `first` to `last`, with the hash of the
-- last one, so that the chain can be verified past them.
CREATE TABLE event_gap (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL UNIQUE,
  hash TEXT NOT NULL
) STRICT;

DROP TRIGGER event_is_never_removed;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
WHEN NOT EXISTS (
  SELECT 1 FROM event_gap
  WHERE first = (SELECT max(first) FROM event_gap WHERE first <= OLD.number)
  AND last >= OLD.number
)
BEGIN
  SELECT RAISE(ABORT, 'an event is never removed unless a gap stands for it');
END;
