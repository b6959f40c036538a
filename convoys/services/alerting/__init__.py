"""Which steps are due, who is to be told of them, and the notifications that say so."""
