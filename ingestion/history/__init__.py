"""History: files of what ran before Steadyrun was there. Parsers are pure; `importing` stores what they read."""
