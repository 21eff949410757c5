"""Decisions that must be assessed before they are made: investigate → analyze → plan → report → review, on record."""

__version__ = "0.1.0"
