//! Every operation end to end against the server that the environment names.
