"""Pure analysis over plain records: no Django, no database."""
