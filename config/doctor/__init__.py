"""Examines the installation and says what to mend: `manage.py doctor`. It changes nothing."""

from config.doctor.finding import Finding, State
from config.doctor.looking import LOOKS, Look, examine

__all__ = ["LOOKS", "Finding", "Look", "State", "examine"]
