//! The names of the files that a platform is read from, and of those that others name.

/// The name under which the platform's spec is handed in, whatever file it was read from.
pub const PLATFORM: &str = "spec/platform.yaml";
/// The versions that the user pins.
pub const VERSIONS: &str = "spec/versions.yaml";
/// The certificate that values are sealed with.
pub const SEALING: &str = "spec/sealing.pem";
/// The folder of tenants' resources.
pub const WORKSPACES: &str = "spec/workspaces/";
/// The folder of sealed values.
pub const SECRETS: &str = "spec/secrets/";
/// The folder of prompts that workspaces may use.
pub const PATTERNS: &str = "spec/patterns/";
/// The folder of all of them, where the files lie that the spec names itself.
pub const SPEC: &str = "spec/";

/// The folder of the pages about alerts.
pub const RUNBOOKS: &str = "out/runbooks/";

/// The page about an alert.
pub fn runbook(alert: &str) -> String {
    format!("{RUNBOOKS}{alert}.md")
}
