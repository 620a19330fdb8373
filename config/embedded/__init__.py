"""PostgreSQL, Valkey and the processes of `manage.py up`, on one machine by itself."""
