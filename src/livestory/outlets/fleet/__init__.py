"""Many bots on many machines in one place: their journals replicated through PostgreSQL."""
