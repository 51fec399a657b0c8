"""Pages of the access area and the decision service."""
