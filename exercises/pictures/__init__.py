"""Pictures of what is asked: one for each question, drawn from its first public case, in its statement."""
