"""Notifiers under test: one that records what it is given, and the conformance kit for all others."""
