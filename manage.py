#!/usr/bin/env python
"""Runs Steadyrun's commands: `python manage.py help` lists them."""

import sys

from config.environment import main

if __name__ == "__main__":
    sys.exit(main(sys.argv))
