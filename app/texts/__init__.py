"""The catalogue of all texts for people, in every language of Reslot."""
