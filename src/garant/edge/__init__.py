"""The only door: HAProxy compiled from policy, its decision cache, its access journal."""
