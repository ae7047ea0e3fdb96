//! Configuration: the file, its validation, secrets.
