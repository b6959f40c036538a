"""How dates are written where Django writes them: the day first, 24 hours, the zone beside the time."""
