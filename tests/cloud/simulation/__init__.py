"""The client's pure core over a simulated link: no loop, no sockets, time that is a number, thousands of schedules."""
