"""French of France."""
