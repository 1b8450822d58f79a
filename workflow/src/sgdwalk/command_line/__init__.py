"""The command `sgdwalk`: a module a command, over functions of the library. No torch unless a command needs it."""
