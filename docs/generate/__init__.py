"""Makes the reference out of the schemas, the signals, the rules and the command line when the site is
built."""
