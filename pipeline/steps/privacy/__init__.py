"""Personal data: found in linear time, proved by a validator for each kind, replaced by placeholders or
removed."""
