"""The files of a story besides its journal: text, archive, inbox, backup; where they lie, and whether they agree."""
