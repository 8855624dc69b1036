"""What people try who should get nothing: each tried here, and refused."""
