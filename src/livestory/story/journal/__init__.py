"""The journal, a SQLite database: the one truth of a story, with one writer and as many readers as like."""
