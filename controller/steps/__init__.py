"""The steps of the way, one verb a room: each takes a value, gives a value, calls no other."""
