//! Names that stand in the resource of a workspace, and in what the platform offers workspaces.

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    NameVisitor,
    validate::{Checked, is_device},
};
use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};

/// The longest name of a prompt: with the longest usual tag before it, Ollama takes the whole.
const LONGEST_PROMPT: usize = 48;

/// The folder of the texts that the platform offers workspaces.
const PATTERNS: &str = "spec/patterns/";

name!(
    /// The name of a prompt: the end of the names of the models that are made with it.
    PromptName,
    "the name of a prompt like `explain_code`",
    prompt,
    json_schema!({
        "description": "Lower-case letters, digits, `_` and `-`, at most 48, with a letter or \
                        digit at both ends.",
        "type": "string",
        "maxLength": 48,
        "pattern": "^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
    })
);

name!(
    /// A file of `spec/patterns/`, by its path from the root of the repository.
    PatternFile,
    "the path of a file like `spec/patterns/explain_code.md`",
    pattern_file,
    json_schema!({
        "description": "The path of a file in `spec/patterns/`, without a further folder, like \
                        `spec/patterns/explain_code.md`.",
        "type": "string",
        "maxLength": 114,
        "pattern": "^spec/patterns/[A-Za-z0-9][-A-Za-z0-9._]*$"
    })
);

name!(
    /// A user or a group, as the cluster's authentication names it; none of the cluster's own.
    MemberName,
    "the name of a user or a group like `ada@example.org`",
    member,
    json_schema!({
        "description": "The name of a user or a group like `ada@example.org`: at most 253 \
                        characters, none of them a space, and no name that begins with `system:`.",
        "type": "string",
        "maxLength": 253,
        "pattern": "^[!-~]+$"
    })
);

name!(
    /// The UID of an object of the cluster.
    Uid,
    "a UID like `8f3b2a54-6a0e-4c0e-9d3b-0c9f1f6d2b7a`",
    uid,
    json_schema!({
        "description": "A UID as `kubectl get -o jsonpath='{.metadata.uid}'` prints it.",
        "type": "string",
        "maxLength": 36,
        "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
    })
);

fn prompt(s: &str) -> Checked<'_> {
    let edge = |b: Option<&u8>| b.is_some_and(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    let is_inner = |b: u8| edge(Some(&b)) || b == b'_' || b == b'-';
    let bytes = s.as_bytes();
    if s.len() <= LONGEST_PROMPT
        && edge(bytes.first())
        && edge(bytes.last())
        && s.bytes().all(is_inner)
    {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not the name of a prompt: it is made of lower-case letters, digits, `_` and `-`, \
         at most {LONGEST_PROMPT}, with a letter or digit at both ends, like `explain_code`"
    ))
}

fn pattern_file(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not a file of `{PATTERNS}`: {why}"));
    let is_plain = |name: &str| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let Some(name) = s.strip_prefix(PATTERNS) else {
        let name = s.rsplit(['/', '\\']).next().unwrap_or_default();
        return if is_plain(name) {
            refuse(&format!("write `{PATTERNS}{name}`, and put it there"))
        } else {
            refuse("write it like `spec/patterns/explain_code.md`")
        };
    };
    if name.contains(['/', '\\']) {
        refuse("it has a further folder")
    } else if !is_plain(name) {
        refuse("its name is made of letters, digits, `.`, `_` and `-`, at most 100")
    } else if !name.as_bytes()[0].is_ascii_alphanumeric() || name.ends_with('.') {
        refuse("its name begins with a letter or a digit, and does not end in a dot")
    } else if is_device(name) {
        refuse("it is a device name on Windows, where no file can have it")
    } else {
        Ok(s.into())
    }
}

fn member(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not the name of a user or a group: {why}"));
    if s.starts_with("system:") {
        refuse(
            "names that begin with `system:` are the cluster's own, and some of them everybody's",
        )
    } else if s.is_empty() || s.len() > 253 || !s.bytes().all(|b| b.is_ascii_graphic()) {
        refuse("it has 1 to 253 characters, none of them a space, like `ada@example.org`")
    } else {
        Ok(s.into())
    }
}

fn uid(s: &str) -> Checked<'_> {
    let groups: Vec<&str> = s.split('-').collect();
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let lengths = groups.iter().map(|it| it.len());
    if lengths.eq([8, 4, 4, 4, 12]) && groups.iter().all(|it| it.bytes().all(is_digit)) {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a UID: write it like `8f3b2a54-6a0e-4c0e-9d3b-0c9f1f6d2b7a`, as `kubectl \
         get -o jsonpath='{{.metadata.uid}}'` prints it"
    ))
}

#[cfg(test)]
mod tests {
    use super::{MemberName, PatternFile, PromptName, Uid};
    use crate::names::tests::assert_names;

    #[test]
    fn names_of_prompts_and_their_files() {
        assert_names::<PromptName>(
            &["explain_code", "write_pull-request", "a", "5", &"a".repeat(48)],
            &[
                ("", "like `explain_code`"),
                ("Explain", "lower-case letters"),
                ("-a", "at both ends"),
                ("a_", "at both ends"),
                ("a.b", "lower-case letters"),
                (&"a".repeat(49), "at most 48"),
            ],
        );
        assert_names::<PatternFile>(
            &["spec/patterns/explain_code.md", "spec/patterns/7"],
            &[
                ("explain_code.md", "write `spec/patterns/explain_code.md`"),
                ("patterns/a.md", "write `spec/patterns/a.md`"),
                ("spec/patterns/a/b.md", "a further folder"),
                ("spec/patterns/../a.md", "a further folder"),
                ("spec/patterns/.hidden", "begins with"),
                ("spec/patterns/a.", "end in a dot"),
                ("spec/patterns/nul.md", "device"),
                ("spec/patterns/", "letters, digits"),
                ("", "write it like"),
                ("/etc/passwd", "write `spec/patterns/passwd`"),
            ],
        );
    }

    #[test]
    fn members_and_uids() {
        assert_names::<MemberName>(
            &["ada@example.org", "team-a", "oidc:team/a", &"a".repeat(253)],
            &[
                ("", "1 to 253"),
                ("a b", "1 to 253"),
                ("a\n", "1 to 253"),
                (&"a".repeat(254), "1 to 253"),
                ("system:authenticated", "the cluster's own"),
            ],
        );
        assert_names::<Uid>(
            &["8f3b2a54-6a0e-4c0e-9d3b-0c9f1f6d2b7a"],
            &[
                ("", "write it like"),
                ("8F3B2A54-6a0e-4c0e-9d3b-0c9f1f6d2b7a", "write it like"),
                ("8f3b2a54-6a0e-4c0e-9d3b", "write it like"),
                ("8f3b2a546a0e4c0e9d3b0c9f1f6d2b7a", "write it like"),
            ],
        );
    }
}
