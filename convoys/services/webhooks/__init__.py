"""From what a program is owed to a signed HTTP call that it accepted: freeze, guard, sign, send, log."""
