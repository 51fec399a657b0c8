"""A data map compiled: to SQL, to orders of dump and erasure, to the list of places. Pure; `plan.py` is the entry."""
