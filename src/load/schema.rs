//! The JSON Schemas of the files in `spec/`, for editors, and the starter spec.

#[cfg(feature = "internals")]
pub mod made;

/// A spec to start from: it compiles as it is.
pub const STARTER: &str = include_str!("starter.yaml");

/// Where the schemas lie: of the platform, its versions, a sealed value, a workspace. The first
/// line of such a file names its own.
pub const PATHS: [&str; 4] = [
    "spec/platform.schema.json",
    "spec/versions.schema.json",
    "spec/secret.schema.json",
    "spec/workspace.schema.json",
];

/// What the repository itself has there. They depend on no spec, and making them would take a third
/// of the time of a platform; a test holds that they are what the structs make.
const TEXTS: [&str; PATHS.len()] = [
    include_str!("../../spec/platform.schema.json"),
    include_str!("../../spec/versions.schema.json"),
    include_str!("../../spec/secret.schema.json"),
    include_str!("../../spec/workspace.schema.json"),
];

/// All schemas with their paths, as `init` and `render` write them.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    PATHS.into_iter().zip(TEXTS)
}
