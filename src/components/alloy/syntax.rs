//! Alloy's configuration language, as far as it is written here: blocks of attributes and blocks,
//! in the form in which Alloy's own formatter writes them, but with two spaces for each of its
//! tabs: no file of the tree has tabs.

use std::fmt::Write as _;

/// A block: `name "label" { … }`.
pub(super) struct Block {
    name: &'static str,
    label: Option<&'static str>,
    attributes: Vec<(&'static str, Value)>,
    blocks: Vec<Self>,
}

/// What an attribute is set to.
#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Bool(bool),
    /// What another component exports, or what a function of the language gives.
    Expression(String),
    List(Vec<Self>),
    /// Keys are written as texts, so that any of them may be one.
    Map(Vec<(&'static str, Self)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl Block {
    /// A block without a label: what a component consists of.
    pub(super) fn of(name: &'static str) -> Self {
        Self { name, label: None, attributes: Vec::new(), blocks: Vec::new() }
    }

    /// A component, by its kind and its name among those of the kind.
    pub(super) fn component(kind: &'static str, label: &'static str) -> Self {
        Self { label: Some(label), ..Self::of(kind) }
    }

    /// An attribute.
    pub(super) fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// A block within it, behind those that are there.
    pub(super) fn with(mut self, block: Self) -> Self {
        self.blocks.push(block);
        self
    }

    /// Blocks within it, behind those that are there.
    pub(super) fn with_all(mut self, blocks: impl IntoIterator<Item = Self>) -> Self {
        self.blocks.extend(blocks);
        self
    }

    /// What this component exports under a name.
    pub(super) fn export(&self, name: &str) -> Value {
        let label = self.label.expect("a component has a label");
        Value::Expression(format!("{}.{label}.{name}", self.name))
    }

    fn write(&self, out: &mut String, depth: usize) {
        indent(out, depth);
        out.push_str(self.name);
        if let Some(label) = self.label {
            let _ = write!(out, " \"{label}\"");
        }
        out.push_str(" {");
        if self.attributes.is_empty() && self.blocks.is_empty() {
            out.push_str(" }\n");
            return;
        }
        out.push('\n');
        let longest = self.attributes.iter().map(|it| it.0.len()).max().unwrap_or_default();
        for (name, value) in &self.attributes {
            indent(out, depth + 1);
            let _ = write!(out, "{name:longest$} = ");
            value.write(out);
            out.push('\n');
        }
        for (at, block) in self.blocks.iter().enumerate() {
            if at > 0 || !self.attributes.is_empty() {
                out.push('\n');
            }
            block.write(out, depth + 1);
        }
        indent(out, depth);
        out.push_str("}\n");
    }
}

fn indent(out: &mut String, depth: usize) {
    (0..depth).for_each(|_| out.push_str("  "));
}

impl Value {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => quote(out, text),
            Self::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
            Self::Expression(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    quote(out, key);
                    out.push_str(" = ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A text between quotes. The chart has Helm read the whole configuration as a template: two braces
/// that open one are written so that there is only one of them at a place.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut last = ' ';
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '{' if last == '{' => out.push_str("\\u007b"),
            one if one.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(one));
            }
            one => out.push(one),
        }
        last = one;
    }
    out.push('"');
}

/// The text of a configuration.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        block.write(&mut out, 0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Block, Value, text};

    #[test]
    fn blocks_are_written_as_the_formatter_writes_them() {
        let sink = Block::component("loki.write", "loki")
            .with(Block::of("endpoint").set("url", "http://loki:3100"));
        let source = Block::component("loki.process", "pods")
            .set("forward_to", Value::List(vec![sink.export("receiver")]))
            .set("a", true)
            .with(Block::of("stage.cri"))
            .with(Block::of("stage.limit").set("rate", 5).set("burst", 10));
        assert_eq!(
            text(&[source, sink]),
            "loki.process \"pods\" {\n  forward_to = [loki.write.loki.receiver]\n  a          = \
             true\n\n  stage.cri { }\n\n  stage.limit {\n    rate  = 5\n    burst = \
             10\n  }\n}\n\nloki.write \"loki\" {\n  endpoint {\n    url = \
             \"http://loki:3100\"\n  }\n}\n"
        );
    }

    #[test]
    fn a_text_is_read_as_it_was_meant_by_alloy_and_not_at_all_by_helm() {
        let block = |value: &str| text(&[Block::of("a").set("b", value)]);
        assert!(block("say \"{x=1}\"\n\\d").contains(r#""say \"{x=1}\"\n\\d""#));
        assert!(block("{{ .Values }}").contains(r#""{\u007b .Values }}""#));
        assert!(block("\u{1b}[0m").contains(r#""\u001b[0m""#));
    }

    #[test]
    fn maps_and_lists_stay_on_one_line() {
        let map = Value::Map(vec![("pod", "".into()), ("a", 1.into())]);
        let block = Block::of("a").set("b", Value::List(vec![map, "c".into()]));
        assert_eq!(text(&[block]), "a {\n  b = [{\"pod\" = \"\", \"a\" = 1}, \"c\"]\n}\n");
    }
}
