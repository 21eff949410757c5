"""The stores that come with stabflow: `memory`, for rehearsal and tests, and `sqlite`, for real cases."""
