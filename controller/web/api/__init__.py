"""The JSON API: one file per resource, each giving its endpoints; `table` holds the door."""
