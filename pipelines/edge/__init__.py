"""What runs on the device: NumPy, Pillow and LiteRT only. These files are copied into every bundle."""
