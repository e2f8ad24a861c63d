"""The built-in tasks: importing this package registers them with every Celery app of the process."""

from punctual.celery.tasks import archive_folder, backup_sqlite, heartbeat, http_request

__all__ = ["archive_folder", "backup_sqlite", "heartbeat", "http_request"]
