"""What a copy of somebody's data holds, and the work of making it."""
