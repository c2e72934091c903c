"""What models draw on: distributions and their text, laws, random streams, intervals, an event heap."""
