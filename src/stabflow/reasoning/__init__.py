"""What can be said of a procedure before it runs: what it can reach, where it gets stuck, how two of them differ. Pure."""
