"""The steps of the way, one verb a room. A step takes a value and gives a value and calls no other step."""
