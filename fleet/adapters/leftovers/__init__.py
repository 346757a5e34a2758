"""What fleet leaves in the world, one file for each place: how it is found and how it goes."""
