"""Pure vocabulary and the one flow. No input or output."""
