"""The supervisor behind `punctual up`: children that are restarted, and that never outlive it."""
