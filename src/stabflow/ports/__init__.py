"""The two things a plugin can be to stabflow, a store and a notifier, and the hooks that bring them in."""
