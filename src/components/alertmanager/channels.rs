//! What Alertmanager is told of each receiver, and what is sealed of it.

use super::{
    configuration::{Channel, EmailConfig, Http, SlackConfig, WebhookConfig},
    receivers::{Alerts, Authorization, NtfyReceiver, Receivers},
    sealed::Sealed,
};
use crate::builder::{
    credential::{CredentialSpec, Key, SecretLookup, Value},
    internet::Https,
};

const EMAIL: CredentialSpec = CredentialSpec {
    name: "alertmanager-email",
    keys: &[Key {
        name: "password",
        value: Value::Known("the password of `user` at the mail server"),
    }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

const TOPIC: Key =
    Key { name: "topic", value: Value::Known("the topic of ntfy that phones listen to") };

const NTFY: CredentialSpec = CredentialSpec {
    name: "alertmanager-ntfy",
    keys: &[
        Key {
            name: "token",
            value: Value::Known("an access token of ntfy that may write to the topic"),
        },
        TOPIC,
    ],
    rotation: TOPIC_ROTATION,
    lookup: SecretLookup::ByReference,
};

/// The same on a server that takes messages from everybody who knows the topic.
const NTFY_TOPIC: CredentialSpec = CredentialSpec {
    name: NTFY.name,
    keys: &[TOPIC],
    rotation: TOPIC_ROTATION,
    lookup: SecretLookup::ByReference,
};

const TOPIC_ROTATION: &str = "phones that listen to the former topic hear nothing any more";

const SLACK: CredentialSpec = CredentialSpec {
    name: "alertmanager-slack",
    keys: &[Key { name: "url", value: Value::Known("the URL of the incoming webhook") }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

const WEBHOOK: CredentialSpec = CredentialSpec {
    name: "alertmanager-webhook",
    keys: &[Key { name: "token", value: Value::Known("the bearer token of the webhook") }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// Where the dead man's switch is called.
const DEAD_MANS_SWITCH: CredentialSpec = CredentialSpec {
    name: "alertmanager-dead-mans-switch",
    keys: &[Key {
        name: "url",
        value: Value::Known("the URL that the watching service gave for its calls"),
    }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// ntfy makes the message of Alertmanager's JSON by a template that comes with the request. The one
/// that it brings for Alertmanager shows addresses of the cluster, and no runbook.
const NTFY_TITLE: &str = "{{if eq .status \"firing\"}}{{with .commonLabels.severity}}[{{.}}] \
                          {{end}}{{else}}[over] {{end}}{{.groupLabels.alertname}}{{with \
                          .groupLabels.namespace}} in {{.}}{{end}}";
const NTFY_MESSAGE: &str = "{{range .alerts}}{{.annotations.summary}}\n{{end}}{{with \
                            .commonAnnotations.runbook_url}}{{.}}{{end}}";

/// A message of ntfy has 4,096 bytes at most, and a summary some 200.
const NTFY_ALERTS: u32 = 10;

/// A text as a query of a URL has it.
fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            all.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = char::from_digit(half.into(), 16).expect("half a byte is a digit");
                all.push(digit.to_ascii_uppercase());
            }
        }
    }
    all
}

/// What its URL is composed to, of the sealed topic.
fn url(ntfy: &NtfyReceiver) -> String {
    let (title, message) = (encoded(NTFY_TITLE), encoded(NTFY_MESSAGE));
    let topic = r#"{{ .topic | urlquery | replace "+" "%20" }}"#;
    format!("{}/{topic}?tpl=1&t={title}&m={message}", ntfy.server)
}

/// The file with the URL of the dead man's switch.
pub(super) fn switch(sealed: &mut Sealed<'_, '_>) -> Option<String> {
    sealed.file(&DEAD_MANS_SWITCH, "url")
}

/// What Alertmanager is told of each receiver.
pub(super) fn of(
    receivers: &Receivers,
    sealed: &mut Sealed<'_, '_>,
    https: &Https,
) -> Vec<(Alerts, Channel)> {
    let Receivers { email, ntfy, slack, webhook } = receivers;
    let mut all = Vec::new();
    if let Some(email) = email {
        let password = email.user.as_ref().and_then(|_| sealed.file(&EMAIL, "password"));
        all.push((email.alerts, Channel::Email(EmailConfig::new(email, password))));
    }
    if let Some(ntfy) = ntfy {
        let (declared, token) = match ntfy.authorization {
            Authorization::Bearer => (&NTFY, sealed.file(&NTFY, "token")),
            Authorization::None => (&NTFY_TOPIC, None),
        };
        let url = sealed.composed(declared, "url", url(ntfy));
        let http = Http::new(token, https.proxy_to(&ntfy.outside()));
        if let Some(file) = url {
            let config = WebhookConfig::sealed(file, http).of_alerts(NTFY_ALERTS);
            all.push((ntfy.alerts, Channel::Webhook(config)));
        }
    }
    if let Some(slack) = slack
        && let Some(file) = sealed.file(&SLACK, "url")
    {
        let http = Http::new(None, https.proxy());
        all.push((slack.alerts, Channel::Slack(SlackConfig::new(file, http))));
    }
    if let Some(webhook) = webhook {
        let token = (webhook.authorization == Authorization::Bearer)
            .then(|| sealed.file(&WEBHOOK, "token"))
            .flatten();
        let http = Http::new(token, https.proxy_to(&webhook.outside()));
        let config = WebhookConfig::named(webhook.url.to_string(), http);
        all.push((webhook.alerts, Channel::Webhook(config)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_query_has_no_character_of_its_own_meaning() {
        assert_eq!(encoded("a-1 {{.b}}\n&é"), "a-1%20%7B%7B.b%7D%7D%0A%26%C3%A9");
    }
}
