"""``python -m livestory``: the command line."""

from __future__ import annotations

from livestory_command import main

if __name__ == "__main__":
    main()
