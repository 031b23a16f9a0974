"""Understanding text: Hangul, templates, numbers, entities, intents."""
