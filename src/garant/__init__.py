"""Garant keeps the promises of a security statement, and proves that they are kept."""
