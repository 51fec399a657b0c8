"""A survey application for several organisations: the example that Garant protects."""
