"""The warehouse: MySQL 8.4 or MariaDB 10.11 and newer, through SQLAlchemy Core."""
