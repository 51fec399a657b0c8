"""Probes of the service from outside. Availability, alerts and failover are not built yet."""
