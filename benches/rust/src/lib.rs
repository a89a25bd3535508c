//! Load peers and decision benchmarks.
