"""What pages and commands read of sources: figures as plain dataclasses, the team first."""
