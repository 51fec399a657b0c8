"""Data: what is kept, whose it is, where it lies, and that nobody else reads it: the map, isolation, sealed columns, places."""
