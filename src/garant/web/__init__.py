"""Trust page, consoles, base templates and their parts. Only the composition root imports it."""
