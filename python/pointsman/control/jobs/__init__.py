"""Periodic work: one scheduler, named jobs, and one owner over all servers for those that need one."""
