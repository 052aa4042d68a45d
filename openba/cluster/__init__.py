"""Ray clusters as the command line sees them: a head of one's own for trial, jobs on any."""
