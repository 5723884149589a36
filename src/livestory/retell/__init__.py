"""The story after the fact: explain a table, export one. Imports story, and no other room."""
