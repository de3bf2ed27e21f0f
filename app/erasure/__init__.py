"""Hand over and erase what is held of a client; how long notes and the like are kept."""
