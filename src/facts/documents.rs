//! Which uploaded files have a text, by who takes it out of them, and what that costs beside memory
//! ([`super::requests`]).
//!
//! Read in the loaders of Open WebUI 0.12.4 (`retrieval/loaders/main.py`). A file of any other type
//! is refused at once where its list is set (`RAG_ALLOWED_FILE_EXTENSIONS`): without it, the upload
//! is taken, and fails afterwards.

use crate::units::Bytes;

/// Text files and source code, which every image reads by their names alone, whatever type a
/// browser says that they have.
pub const TEXT: [&str; 62] = [
    "bash",
    "bat",
    "c",
    "cmd",
    "conf",
    "cpp",
    "cs",
    "css",
    "csv",
    "dart",
    "db2",
    "dockerfile",
    "env",
    "erl",
    "ex",
    "exs",
    "go",
    "h",
    "hpp",
    "hs",
    "hsc",
    "htm",
    "html",
    "ini",
    "ino",
    "java",
    "js",
    "json",
    "jsx",
    "lhs",
    "log",
    "lua",
    "m",
    "markdown",
    "md",
    "mm",
    "nginxconf",
    "perl",
    "php",
    "pl",
    "plsql",
    "pm",
    "ps1",
    "py",
    "r",
    "rb",
    "rs",
    "rst",
    "scala",
    "sh",
    "sql",
    "svelte",
    "svg",
    "swift",
    "toml",
    "ts",
    "tsx",
    "txt",
    "vue",
    "xml",
    "yaml",
    "yml",
];

/// What the standard image reads besides, by pypdf, docx2txt, pandas and python-pptx. `doc`,
/// `epub`, `msg` and `odt` need the package `unstructured`, which is optional there.
pub const BUILTIN: [&str; 5] = ["docx", "pdf", "pptx", "xls", "xlsx"];

/// What Tika's standard parsers read besides. Its list is longer by a thousand types: these are the
/// documents of an office, its mail and its books.
pub const TIKA: [&str; 14] = [
    "doc", "docx", "eml", "epub", "msg", "odp", "ods", "odt", "pdf", "ppt", "pptx", "rtf", "xls",
    "xlsx",
];

/// Tika's folder, in which each file lies while it is read, and what is packed in it (a budget, not a
/// measurement).
pub const TIKA_SCRATCH: Bytes = Bytes::mib(512);
/// Disk that the standard image takes beyond the slim one, which is pulled with 175 MB (its
/// changelog). Not measured: public reports have 4 to 6 GB unpacked (open-webui#6447, #8886,
/// #14788), and containerd keeps the layers as they were pulled as well.
pub const STANDARD_IMAGE: Bytes = Bytes::gib(8);
/// Disk that Tika's image takes. Not measured: a Java runtime without a display (189 MB installed),
/// 60 MB of parsers and Ubuntu's base, unpacked and as they were pulled.
pub const TIKA_IMAGE: Bytes = Bytes::gib(1);
