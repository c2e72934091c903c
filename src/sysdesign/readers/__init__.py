"""A reader's own files: traces, histories, measurements."""
