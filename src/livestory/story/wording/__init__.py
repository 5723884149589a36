"""What the words of all kinds share: numbers, durations and dates, reasons, anybody's text, the glossary."""
