"""Who is woken when: in one process, with its table in SQLite or in memory."""
