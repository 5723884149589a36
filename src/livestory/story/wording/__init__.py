"""What the words of all kinds share: numbers, durations and dates, anybody's text, the glossary."""
