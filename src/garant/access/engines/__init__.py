"""Engines of the access area: the login library, the signer of assertions."""
