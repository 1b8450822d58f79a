"""Jobs of the workflow, called by its scripts: each reads files, computes, and writes files."""
