"""What attacks are made with: see attack.py for how one is written, world.py for what it is run against."""
