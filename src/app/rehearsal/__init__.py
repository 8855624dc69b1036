"""The renewal calendar, rehearsed: the real engine over a copy of the data, under a virtual clock."""
