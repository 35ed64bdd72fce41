"""Random schedules for the client: its real code in virtual time, against a cloud in memory, over a link with faults."""
