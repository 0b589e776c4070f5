//! Sealing the password of a workspace's first administrator into the text of its resource.

use rsa::rand_core::CryptoRngCore;
use serde_json::Value;
use zeroize::Zeroize as _;

use super::{
    Plan,
    text::{ADMINISTRATOR, PASSWORD, Text},
};
use crate::{
    components::workspace::administrator::SealedSecrets,
    diag::path::FieldPath,
    names::DnsLabel,
    seal::certificate::Certificate,
    sealing::{self, SealingError},
    yaml::source::Source,
};

/// What seals: the certificate of a platform whose cluster opens sealed values.
pub struct Sealer(Certificate);

impl Sealer {
    /// Reads the certificate, `spec/sealing.pem`; none where the platform does without
    /// sealed-secrets, or nothing can be sealed with it.
    pub fn of(plan: &Plan, pem: &str) -> Option<Self> {
        let components = &plan.0.platform().spec.components;
        let certificate = Certificate::parse(pem.as_bytes()).ok()?;
        components.sealed_secrets.enabled.then_some(Self(certificate))
    }

    /// Whether the certificate is valid at a moment, in seconds since 1970 (UTC).
    pub fn is_valid_at(&self, moment: i64) -> bool {
        (self.0.not_before()..=self.0.not_after()).contains(&moment)
    }

    /// Puts ciphertext in the place of `spec.administrator.password`, on the line where that
    /// stands, in the scope `strict`. `old` is the suffix of the values that were sealed before: a
    /// new value is a new Secret. The text that is taken is wiped from memory.
    ///
    /// # Errors
    /// When a value cannot be encrypted.
    pub fn seal(
        &self,
        text: Text,
        old: Option<&str>,
        random: &mut impl CryptoRngCore,
    ) -> Result<Text, SealingError> {
        let Some(password) = text.value().pointer(PASSWORD).and_then(Value::as_str) else {
            // It is no text: the findings say so, and it is no password.
            return Ok(text);
        };
        let workspace = text.value().pointer("/spec/workspaceName").and_then(Value::as_str);
        // Nothing can be sealed to a name that is none; findings say what is wrong with it.
        let workspace = workspace.unwrap_or_default().parse::<DnsLabel>().ok();
        let workspace = workspace.unwrap_or("unnamed".parse().map_err(SealingError::Name)?);
        let said =
            text.value().pointer(ADMINISTRATOR).and_then(|it| it["sealed"]["suffix"].as_str());
        let old = old.or(said).and_then(|it| it.parse().ok());
        let password = password.as_bytes();
        let sealed = sealing::workspace::seal(&self.0, &workspace, old.as_ref(), password, random)?;
        Ok(replaced(&text.0, &sealed))
    }
}

fn json(sealed: &SealedSecrets) -> Value {
    serde_json::to_value(sealed).expect("texts are JSON")
}

/// The text with ciphertext in the place of the password, and all else on the lines on which it is.
fn replaced(source: &Source, sealed: &SealedSecrets) -> Text {
    let administrator = FieldPath::root().key("spec").key("administrator");
    let (span, text) = match source.value.pointer(ADMINISTRATOR).and_then(Value::as_object) {
        // Who reads a workspace and sends it back with another password has both: what was sealed
        // before goes, wherever it stands, and so all of it is written anew.
        Some(all) if all.contains_key("sealed") => {
            let mut all = all.clone();
            if let Some(Value::String(mut password)) = all.remove("password") {
                password.zeroize();
            }
            all.insert("sealed".to_owned(), json(sealed));
            // A block ends where the last of its values is known to end.
            let within = source.paths().filter(|it| it.starts_with(&administrator));
            let end = within.map(|it| source.span(&it).end).max().unwrap_or_default();
            (source.span(&administrator).start..end, Value::Object(all).to_string())
        }
        _ => {
            let path = administrator.key("password");
            let span = source.key_span(&path).start..source.span(&path).end;
            (span, format!("\"sealed\": {}", json(sealed)))
        }
    };
    // A block ends with its line: the next line stays one.
    let mut end = source.text[..span.end].trim_end().len().max(span.start);
    // A key without a value ends what it is in, and its colon comes after that.
    let rest = source.text[end..].trim_start_matches([' ', '\t']);
    if rest.starts_with(':') {
        end = source.text.len() - rest.len() + 1;
    }
    let (before, after) = (&source.text[..span.start], &source.text[end..]);
    // The text that takes its place is one line.
    let lines = "\n".repeat(source.text[span.start..end].matches('\n').count());
    Text(Source::parse(source.file.clone(), format!("{before}{text}{lines}{after}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was sealed before, in whatever form, is replaced, and the text stays as sound as it
    /// was.
    #[test]
    fn what_was_sealed_before_is_replaced() {
        let sealed: SealedSecrets =
            serde_json::from_str(r#"{"password": "AQA", "secretKey": "AQB"}"#).expect("sealed");
        for administrator in [
            "\n    password: abc\n    sealed:\n      # a comment",
            "\n    password: abc\n    sealed:\n      # a comment\n",
            "\n    password: abc\n    sealed:",
            "\n    password: abc\n    sealed:\n    a: [b, c]\n  suspend: true\n",
            "\n    password: abc\n    sealed: {}\n    a`: [b`, c]\n  suspend: true\n",
            "\n    password: abc\n    sealed: # a comment\n  suspend: true\n",
            "\n    sealed: {suffix: a}\n    password: |\n      abc\n\n  # a comment\n  suspend: true",
            " {sealed: {suffix: a}, password: abc} # a comment\n  suspend: true",
            " {\n    sealed: {suffix: a},\n    password: abc\n  }\n  suspend: true\n",
        ] {
            let text = format!("spec:\n  models: []\n  administrator:{administrator}");
            let source = Source::parse("a.yaml", &*text);
            assert!(source.is_sound(), "{text}");
            let Text(after) = &replaced(&source, &sealed);
            assert!(after.is_sound(), "{text}\n---\n{}", after.text);
            let wanted = serde_json::json!({"password": "AQA", "secretKey": "AQB"});
            let administrator = &after.value["spec"]["administrator"];
            assert_eq!(administrator["sealed"], wanted, "{}", after.text);
            assert_eq!(administrator.get("password"), None, "{}", after.text);
            assert_eq!(after.value["spec"]["suspend"], source.value["spec"]["suspend"]);
            let lines = |text: &str| text.matches('\n').count();
            assert_eq!(lines(&after.text), lines(&text), "{}", after.text);
        }
    }
}
