"""Every act leaves an entry, written in the transaction of the act."""
