"""The built web UI, served as files."""
