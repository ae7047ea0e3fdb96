//! The command line: its arguments, one file a command.
