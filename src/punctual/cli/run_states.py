"""The states of a run in the words of the API: those of `domain.run`, which is too slow to import for help."""

OPEN = ("buffered", "pending", "queued", "running", "retrying")
ENDED = ("succeeded", "failed", "cancelled", "lost", "expired", "skipped", "missed")
