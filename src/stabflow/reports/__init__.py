"""What is told of a store in the forms that other programs read."""

from __future__ import annotations

from .duty_calendar import duty_calendar

__all__ = ["duty_calendar"]
