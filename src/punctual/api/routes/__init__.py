"""The routes of the REST API, a module per resource."""
