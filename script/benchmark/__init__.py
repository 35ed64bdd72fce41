"""What decoding a large snapshot of the cloud contract costs, library by library."""
