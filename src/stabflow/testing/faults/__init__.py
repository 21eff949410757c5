"""What goes wrong around a program: a store that fails, a process that dies at any call, a row that somebody edits."""
