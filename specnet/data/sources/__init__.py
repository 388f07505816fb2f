"""Where images come from: folders, archives, the ImageNet development kit, and their decoding."""
