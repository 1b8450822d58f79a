"""What the scripts of the workflow call: one job, from files to files."""
