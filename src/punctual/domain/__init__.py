"""The rules of Punctual: pure code, with no I/O and no wall clock."""
