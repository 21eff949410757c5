"""Calendars that come with stabflow: which days are worked where, from published data."""
