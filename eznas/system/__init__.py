"""What differs between operating systems, one small module each; nothing else asks which one it runs on."""
