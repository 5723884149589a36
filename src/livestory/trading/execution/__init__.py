"""Orders on their way: decided, sent, followed, withdrawn, and what became of them."""
