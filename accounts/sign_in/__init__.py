"""How people sign in: what allauth asks us, and what we add to it."""
