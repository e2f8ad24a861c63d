"""What people ask for: use cases with validation and a record of who changed what."""
