"""A million homes and one cloud, without sockets: what the client's timing asks of the cloud."""
