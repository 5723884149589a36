"""Who serves over HTTP stands on this: a bounded server, and the gate before it. The page does, and `listen`."""
