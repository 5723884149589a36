"""Which table is which: the shapes and writers that are known, and how a header is held against them."""
