"""What the bot wishes to hold, and why: a pure function of the bars it has seen and of what it holds."""
