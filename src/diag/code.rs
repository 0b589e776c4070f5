//! The codes of what the reader finds: kebab-case, stable, one constant each.

/// The text is not YAML.
pub const YAML_SYNTAX: &str = "yaml-syntax";
/// The file is not UTF-8.
pub const NOT_UTF8: &str = "not-utf8";
/// The file is larger than any spec.
pub const FILE_TOO_LARGE: &str = "file-too-large";
/// The file holds no document.
pub const EMPTY_FILE: &str = "empty-file";
/// The file holds more than one document.
pub const SEVERAL_DOCUMENTS: &str = "several-documents";
/// A key is written twice in one map.
pub const DUPLICATE_KEY: &str = "duplicate-key";
/// A value is an alias (`*name`) of another.
pub const ALIAS: &str = "alias";
/// A value lies deeper than any spec.
pub const NESTED_TOO_DEEP: &str = "nested-too-deep";
/// A key is no field of what it stands in.
pub const UNKNOWN_FIELD: &str = "unknown-field";
/// A field that has no default is not written.
pub const MISSING_FIELD: &str = "missing-field";
/// A value has the wrong type, unit, form or name.
pub const INVALID_VALUE: &str = "invalid-value";
/// A tab stands where YAML takes only spaces.
pub const TAB: &str = "tab";
/// A key is not a text.
pub const KEY_NOT_A_STRING: &str = "key-not-a-string";
/// A map is merged into another by `<<`.
pub const MERGE_KEY: &str = "merge-key";
/// Both sides of a merge stand in the file.
pub const MERGE_CONFLICT: &str = "merge-conflict";
/// There is more to find than is worth showing at once.
pub const TOO_MANY_FINDINGS: &str = "too-many-findings";
