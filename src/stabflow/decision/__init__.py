"""The decision: command → `decide` → event → `evolve`. Pure: no clock, no input or output, no logging."""
