"""Calendars: named sets of stretches of time, in which schedules may fire or must not."""
