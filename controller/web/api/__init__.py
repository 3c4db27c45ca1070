"""The JSON API: one file per resource, each giving its endpoints; `table` puts the door before all."""
