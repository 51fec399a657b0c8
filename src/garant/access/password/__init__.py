"""Password hashes, in an application of their own that a deployment may leave out (CIR-26, CIR-27)."""
