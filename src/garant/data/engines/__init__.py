"""What enforces and observes, one module a program or subject."""
