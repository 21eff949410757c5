"""A channel over TCP, its sound notifier, and faulty ones: by these the kit of notifiers is tested."""
