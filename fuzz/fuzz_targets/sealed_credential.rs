//! Reads any text as a file of `spec/secrets/`, as the compiler does, and collects the findings.
#![no_main]

use std::sync::Arc;

use espalier::{
    check::sealed_files,
    diag::diagnostic::{Diagnostics, Severity},
    platform::sealed::{SealedCredential, SealedStore},
    yaml::source::Source,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file: Arc<str> = "spec/secrets/fuzzed.yaml".into();
    let source = Source::parse(file.clone(), text);
    let (read, mut found): (Option<SealedCredential>, Diagnostics) = source.read();
    match read {
        Some(credential) => {
            sealed_files::file(&credential, &file, &mut found);
            assert_eq!(SealedStore::new([credential]).files().count(), 1);
        }
        None => {
            let has_error = found.iter().any(|it| it.severity == Severity::Error);
            assert!(has_error, "no value and no error");
        }
    }
});
