"""What a trigger means, told to people: in words, with notes at its fire times, and why an instant is none."""
