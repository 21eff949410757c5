"""Small changes of a good procedure and of the engine, each of which the test kit must find."""
