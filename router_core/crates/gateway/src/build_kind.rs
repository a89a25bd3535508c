//! How this library was compiled: figures of one kind say nothing of another.

/// `release`, `debug`, or what the one who compiled it calls it in `POINTSMAN_BUILD`.
pub const BUILD_KIND: &str = match option_env!("POINTSMAN_BUILD") {
    Some(name) => name,
    None if cfg!(debug_assertions) => "debug",
    None => "release",
};
