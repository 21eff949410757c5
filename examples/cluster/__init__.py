"""A PostgreSQL cluster that outlives its leader, on one Linux machine and from wheels alone; see README.md beside this file."""
