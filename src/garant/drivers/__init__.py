"""How to speak to programs. No promise, no tenant, no Django."""
