"""Rules of the data area: pure."""
