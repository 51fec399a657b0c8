"""Rules of what is examined: cipher suites, sheets, pages. Pure."""
