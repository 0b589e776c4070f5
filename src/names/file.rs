//! The form of the name of a file in `spec/` that the spec names.

use super::validate::{Checked, is_device};

/// The longest name, which every file system takes.
const LONGEST: usize = 100;

/// Endings of what is read from `spec/` under names of its own, or is for editors and people.
const TAKEN: [&str; 4] = [".yaml", ".yml", ".json", ".md"];

pub(super) fn spec_file(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not the name of a file in `spec/`: {why}"));
    let lower = s.to_ascii_lowercase();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if let Some((_, name)) = s.rsplit_once(['/', '\\']) {
        refuse(&format!("it has a folder; the file lies beside `platform.yaml`: write `{name}`"))
    } else if s.is_empty() || s.len() > LONGEST || !s.bytes().all(is_plain) {
        refuse("it is made of letters, digits, `.`, `_` and `-`, at most 100")
    } else if !s.as_bytes()[0].is_ascii_alphanumeric() || s.ends_with('.') {
        refuse("it begins with a letter or a digit, and does not end in a dot")
    } else if is_device(s) {
        refuse("it is a device name on Windows, where no file can have it")
    } else if lower == "sealing.pem" || TAKEN.iter().any(|it| lower.ends_with(it)) {
        refuse("a file of that name is read as something else")
    } else {
        Ok(s.into())
    }
}

#[cfg(test)]
mod tests {
    use crate::names::{SpecFile, tests::assert_names};

    #[test]
    fn a_file_beside_the_spec() {
        assert_names::<SpecFile>(
            &["known_hosts", "ca.pem", "Garden-CA.crt", "7"],
            &[
                ("", "made of letters"),
                ("spec/known_hosts", "write `known_hosts`"),
                ("../ca.pem", "write `ca.pem`"),
                ("/etc/ssh/ssh_known_hosts", "write `ssh_known_hosts`"),
                ("a b", "made of letters"),
                (".hidden", "begins with"),
                ("-q", "begins with"),
                ("ca.", "end in a dot"),
                ("nul.pem", "device"),
                ("platform.yaml", "something else"),
                ("Sealing.pem", "something else"),
            ],
        );
    }
}
