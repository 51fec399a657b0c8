"""Statements, claims and their binding to controls; evidence kept and verdicts published."""
