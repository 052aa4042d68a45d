"""Somebody's data in all that a run is made from: texts, addresses, fields, instruction pairs, names of files. From a
seed, so many of each kind, and in no text but this one's."""
