"""What happened to messages, in a form that anyone can check later.

Enters: transitions that are about to be committed. Leaves: event lines without personal data, numbered and written
as JSON Lines. Refuses: an event outside the catalogue.
"""
