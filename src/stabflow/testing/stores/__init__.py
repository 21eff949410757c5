"""The conformance kit of stores: what it checks, on which storage, in which time, and how it tells what came of it."""
