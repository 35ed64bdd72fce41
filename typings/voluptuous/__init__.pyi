# Since 2026.9 Home Assistant answers the name voluptuous with its successor, which has the same API
# (homeassistant/__init__.py): so the types that name has are those of the successor.
from probatio import *
