//! What a code is, and those of what the reader finds. The other codes are with the rules that find
//! them (`check`) and with the findings of the command line (`cli/findings.rs`).

/// A code of findings, with all that is said of it, wherever it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code: kebab-case and stable. It names what is wrong, not what to do.
    pub name: &'static str,
    /// How bad its findings are.
    pub severity: Severities,
    /// What `espalier explain` prints.
    pub page: &'static str,
}

impl Code {
    /// What is wrong, in a line: the page's heading.
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

/// The severities of a code's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severities {
    /// All of them are errors.
    Error,
    /// All of them are warnings.
    Warning,
    /// Some are errors, others warnings: how bad it is depends on what was found.
    Either,
}

/// A code whose findings are errors.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode(Code);

/// A code whose findings are warnings.
#[derive(Clone, Copy, Debug)]
pub struct WarningCode(Code);

/// A code of which each finding says how bad it is.
#[derive(Clone, Copy, Debug)]
pub struct EitherCode(Code);

macro_rules! severity {
    ($($kind:ident: $severity:ident),+) => {
        $(impl $kind {
            /// Declares it.
            pub const fn new(name: &'static str, page: &'static str) -> Self {
                Self(Code { name, severity: Severities::$severity, page })
            }

            /// The code, whatever its severity.
            pub const fn code(self) -> Code {
                self.0
            }

            /// The code as it is shown.
            pub const fn name(self) -> &'static str {
                self.0.name
            }
        })+
    };
}

severity!(ErrorCode: Error, WarningCode: Warning, EitherCode: Either);

/// Declares a code: its severity, its constant, its name. Its page is `pages/<name>.md`, beside the
/// file that declares it.
macro_rules! code {
    (@error) => { $crate::diag::code::ErrorCode };
    (@warning) => { $crate::diag::code::WarningCode };
    (@either) => { $crate::diag::code::EitherCode };
    ($(#[$doc:meta])* $severity:ident $name:ident = $code:literal) => {
        $(#[$doc])*
        pub const $name: $crate::diag::code::code!(@$severity) =
            <$crate::diag::code::code!(@$severity)>::new(
                $code,
                include_str!(concat!("pages/", $code, ".md")),
            );
    };
}
pub(crate) use code;

/// Declares all codes of a file, and the list of them.
macro_rules! codes {
    ($($(#[$doc:meta])* $severity:ident $name:ident = $code:literal;)+) => {
        $($crate::diag::code::code! { $(#[$doc])* $severity $name = $code })+

        /// All codes of this file.
        pub const CODES: &[$crate::diag::code::Code] = &[$($name.code()),+];
    };
}
#[cfg(feature = "cli")]
pub(crate) use codes;

codes! {
    /// The text is not YAML.
    error YAML_SYNTAX = "yaml-syntax";
    /// A file is not UTF-8.
    error NOT_UTF8 = "not-utf8";
    /// A file is larger than any spec.
    error FILE_TOO_LARGE = "file-too-large";
    /// A file is empty.
    error EMPTY_FILE = "empty-file";
    /// A file holds more than one document.
    error SEVERAL_DOCUMENTS = "several-documents";
    /// A key is written twice in one map.
    error DUPLICATE_KEY = "duplicate-key";
    /// A value is an alias of another value.
    error ALIAS = "alias";
    /// A value is nested too deep.
    error NESTED_TOO_DEEP = "nested-too-deep";
    /// A field is unknown.
    error UNKNOWN_FIELD = "unknown-field";
    /// A field that has no default is not written.
    error MISSING_FIELD = "missing-field";
    /// A value has the wrong type, unit, form or name.
    error INVALID_VALUE = "invalid-value";
    /// A tab is used where YAML allows only spaces.
    error TAB = "tab";
    /// A key is not a string.
    error KEY_NOT_A_STRING = "key-not-a-string";
    /// A map is merged into another by `<<`.
    error MERGE_KEY = "merge-key";
    /// A file has an unresolved merge conflict.
    error MERGE_CONFLICT = "merge-conflict";
    /// A file has too many findings to show.
    either TOO_MANY_FINDINGS = "too-many-findings";
    /// There is no spec.
    error SPEC_MISSING = "spec-missing";
}
