"""From what is owed to a mail accepted by a server: gather, freeze, check again, send, settle, recover."""
