"""What a person reads: the catalogue of texts, in every language that Reslot writes."""
