"""Following runs on workers without the plug-in: by Celery's events, and by the result backend."""
