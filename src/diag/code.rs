//! The codes of what the reader finds: kebab-case, stable, one constant each.

/// The text is not YAML.
pub const YAML_SYNTAX: &str = "yaml-syntax";
/// A file is not UTF-8.
pub const NOT_UTF8: &str = "not-utf8";
/// A file is larger than any spec.
pub const FILE_TOO_LARGE: &str = "file-too-large";
/// A file is empty.
pub const EMPTY_FILE: &str = "empty-file";
/// A file holds more than one document.
pub const SEVERAL_DOCUMENTS: &str = "several-documents";
/// A key is written twice in one map.
pub const DUPLICATE_KEY: &str = "duplicate-key";
/// A value is an alias of another value.
pub const ALIAS: &str = "alias";
/// A value is nested too deep.
pub const NESTED_TOO_DEEP: &str = "nested-too-deep";
/// A field is unknown.
pub const UNKNOWN_FIELD: &str = "unknown-field";
/// A field that has no default is not written.
pub const MISSING_FIELD: &str = "missing-field";
/// A value has the wrong type, unit, form or name.
pub const INVALID_VALUE: &str = "invalid-value";
/// A tab is used where YAML allows only spaces.
pub const TAB: &str = "tab";
/// A key is not a string.
pub const KEY_NOT_A_STRING: &str = "key-not-a-string";
/// A map is merged into another by `<<`.
pub const MERGE_KEY: &str = "merge-key";
/// A file has an unresolved merge conflict.
pub const MERGE_CONFLICT: &str = "merge-conflict";
/// A file has too many findings to show.
pub const TOO_MANY_FINDINGS: &str = "too-many-findings";
