"""The Celery side: the only place that imports celery and kombu."""
