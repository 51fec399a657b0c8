"""Pages, thin: parse, call one verb, show."""
