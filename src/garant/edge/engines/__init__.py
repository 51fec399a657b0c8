"""What brings HAProxy to the compiled state, and looks whether it is there."""
