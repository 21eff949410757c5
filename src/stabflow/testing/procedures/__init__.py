"""Testing a procedure: runs of it over the real engine, who acts in them, how each act is judged, and how what failed is told."""
