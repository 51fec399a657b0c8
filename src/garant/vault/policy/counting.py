"""How often one key may seal: random nonces of 96 bits wear out. A data key is rotated at 2^31 messages, and refuses at 2^32."""

WORN = 1 << 31
"""Rotated from here on."""
SPENT = (1 << 32) - (1 << 24)
"""Nothing more is sealed from here on; what other processes still hold of their blocks fits in the rest."""
BLOCK = 1 << 16
"""Messages that a process reserves at once: one write of the database for so many."""
DEBT = 1 << 10
"""Messages sealed before trying again, when another transaction holds the count."""
