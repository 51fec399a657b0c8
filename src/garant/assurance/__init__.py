"""What is examined rather than enforced: TLS as served, pages in a real browser."""
