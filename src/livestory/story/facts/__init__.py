"""The facts behind the lines: one frozen record a kind of event, by subject. `livestory.story.events` has them all."""
