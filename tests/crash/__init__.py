"""How the tests of the stores make a disk fail, a power supply fail, and a process die."""
