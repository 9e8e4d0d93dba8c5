"""What the crash runs (power_loss.py, kill_campaign.py, full_disk.py) share."""
