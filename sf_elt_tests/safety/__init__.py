"""What may not be seen is not seen, and what should not come in does no harm."""
