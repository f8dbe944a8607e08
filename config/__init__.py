"""Composition root: settings, addresses, processes. It may import every app; no app imports it."""

import os

from config.secret_files import take_secret_files

take_secret_files(os.environ)
