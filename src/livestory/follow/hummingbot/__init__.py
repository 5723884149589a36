"""Hummingbot's own files: its database of 2019 to 2026, and its CSV of trades."""
