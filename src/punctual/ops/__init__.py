"""How the running processes are watched."""
