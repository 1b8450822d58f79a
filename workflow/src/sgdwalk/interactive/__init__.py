"""What users call in a notebook: the results of a study as data sets, and analyses of data sets."""
