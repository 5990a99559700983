"""The shell around the cores: sockets, time, configuration, and what answers each request."""
