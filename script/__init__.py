"""What the scripts beside this file do, where that is more than a few lines of shell."""
