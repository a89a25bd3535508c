//! Segments of the journal into files, while calls leave the processor idle.

pub(crate) mod compressibility;
pub(crate) mod destination;
pub(crate) mod file_writer;
pub(crate) mod priority;
pub(crate) mod segment_files;
pub(crate) mod ship;
pub(crate) mod shipper;
pub(crate) mod sorted_frames;
