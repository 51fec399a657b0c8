"""Pure rules of access: no Django, no clock, no process."""
