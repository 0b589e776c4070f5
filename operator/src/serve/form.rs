//! In which form something is sent and wanted: JSON, or YAML.

use http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::Value;

use super::problem::{self, Problem};

/// A form of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// How YAML may be called.
const YAML: [&str; 4] = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

impl Form {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }

    /// A value in this form.
    pub fn text(self, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => {
                let mut text = value.to_string().into_bytes();
                text.push(b'\n');
                text
            }
            Self::Yaml => espalier::yaml_text(value).into_bytes(),
        }
    }

    /// The form that is wanted of an answer; JSON where none is named.
    ///
    /// # Errors
    /// When there is none of those that are wanted.
    pub fn wanted(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut best: Option<(u16, Self)> = None;
        let mut is_asked = false;
        for value in headers.get_all(ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                is_asked = is_asked || !range.trim().is_empty();
                let Some((form, quality)) = Self::of_range(range) else { continue };
                if quality > 0 && best.is_none_or(|it| quality > it.0) {
                    best = Some((quality, form));
                }
            }
        }
        match best {
            Some((_, form)) => Ok(form),
            None if !is_asked => Ok(Self::Json),
            None => Err(problem::NOT_ACCEPTABLE
                .says("answers are `application/json` or `application/yaml`")),
        }
    }

    /// The form of a range such as `application/*;q=0.5`, and how much it is wanted.
    fn of_range(range: &str) -> Option<(Self, u16)> {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|it| it.strip_prefix("q=")).unwrap_or("1");
        let quality = quality.parse::<f32>().ok().filter(|it| (0.0..=1.0).contains(it))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 1"
        )]
        let quality = (quality * 1000.0) as u16;
        match name.as_str() {
            "*/*" | "application/*" | "application/json" => Some((Self::Json, quality)),
            name if YAML.contains(&name) || name == "text/*" => Some((Self::Yaml, quality)),
            _ => None,
        }
    }

    /// The form of a body.
    ///
    /// # Errors
    /// When it is another one, or compressed.
    pub fn sent(headers: &HeaderMap, also: &str) -> Result<Self, Problem> {
        let encoding = headers.get(CONTENT_ENCODING).map(|it| it.to_str().unwrap_or("?"));
        if encoding.is_some_and(|it| !it.eq_ignore_ascii_case("identity")) {
            return Err(problem::MEDIA.says("bodies are sent as they are, and not compressed"));
        }
        let name = headers.get(CONTENT_TYPE).map(|it| it.to_str().unwrap_or_default());
        let name = name.unwrap_or_default().split(';').next().unwrap_or_default();
        match name.trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            name if YAML.contains(&name) => Ok(Self::Yaml),
            name if !also.is_empty() && name == also => Ok(Self::Json),
            _ => {
                let also = if also.is_empty() { String::new() } else { format!(", `{also}`") };
                let forms = "`application/json`, `application/yaml`";
                Err(problem::MEDIA.says(format!("a body is {forms}{also}, by its `Content-Type`")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    #[test]
    fn the_form_that_is_wanted_most() {
        let wanted = |value: &str| Form::wanted(&headers(ACCEPT, value)).ok();
        assert_eq!(wanted(""), Some(Form::Json));
        assert_eq!(wanted("application/json"), Some(Form::Json));
        assert_eq!(wanted("Application/YAML"), Some(Form::Yaml));
        assert_eq!(wanted("text/html, application/yaml;q=0.2, */*;q=0.1"), Some(Form::Yaml));
        assert_eq!(wanted("text/html, */*"), Some(Form::Json));
        assert_eq!(wanted("application/yaml;q=0, application/json;q=0.1"), Some(Form::Json));
        assert_eq!(wanted("text/html"), None);
        assert_eq!(wanted("application/yaml;q=0"), None);
        assert_eq!(wanted("application/yaml;q=much"), None);
        assert_eq!(Form::wanted(&HeaderMap::new()).ok(), Some(Form::Json));
    }

    #[test]
    fn a_body_says_its_form() {
        let sent = |value: &str| Form::sent(&headers(CONTENT_TYPE, value), "").ok();
        assert_eq!(sent("application/json; charset=utf-8"), Some(Form::Json));
        assert_eq!(sent("application/x-yaml"), Some(Form::Yaml));
        assert_eq!(sent("application/merge-patch+json"), None);
        assert_eq!(Form::sent(&HeaderMap::new(), "").ok(), None);
        let patch = headers(CONTENT_TYPE, "application/merge-patch+json");
        assert_eq!(Form::sent(&patch, "application/merge-patch+json").ok(), Some(Form::Json));
        let mut packed = headers(CONTENT_TYPE, "application/json");
        packed.insert(CONTENT_ENCODING, "gzip".parse().expect("a header"));
        assert_eq!(Form::sent(&packed, "").map_err(|it| it.kind().status), Err(415));
    }
}
