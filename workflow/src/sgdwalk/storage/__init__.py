"""Files: what each contains, how they are written and read, and the code and settings that made them."""
