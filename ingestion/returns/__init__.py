"""Grant and performance returns: from a spreadsheet in an inbox to a row in a mart (docs/design.md)."""
