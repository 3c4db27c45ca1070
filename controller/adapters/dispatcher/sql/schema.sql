-- Which key is due when. `due` and `again_due` are microseconds since 1970.
-- `again_*` is a wake-up that came while the key was worked on: folded in when that turn ends.
-- What is worked on now is not written down: the one process that owns the file knows it, and when
-- that process dies the key is still due.

CREATE TABLE IF NOT EXISTS wakeup (
  key TEXT PRIMARY KEY,
  lane TEXT NOT NULL,
  subject TEXT NOT NULL,
  member_of TEXT,
  due INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  number INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  again_due INTEGER,
  again_priority INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wakeup_order
  ON wakeup (priority DESC, due, number, lane, subject, member_of);
CREATE INDEX IF NOT EXISTS wakeup_due ON wakeup (due);
