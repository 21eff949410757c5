"""History: events as canonical bytes, chained from the first record, with the index rows that go with them."""
