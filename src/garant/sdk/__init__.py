"""What the protected application imports: the identity assertion, verified."""
