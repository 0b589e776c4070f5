//! Workspaces' resources, as the API reads and writes them, with the API server's own refusals.

use std::time::Duration;

use http::{Request, request::Builder};
use kube::Error;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::timeout;

use super::{Cluster, Precondition, marks::API};

/// People wait for the answer: less than the time that they have.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the API server refused, or that it could not be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejection {
    /// The HTTP status; 0 where there was no answer.
    pub code: u16,
    /// The reason, in one word.
    pub reason: String,
    /// The reason, for people.
    pub message: String,
    /// Fields and what is wrong with them.
    pub causes: Vec<(String, String)>,
    /// Seconds after which it may be asked again; 0 where it does not say.
    pub retry_after: u32,
}

impl Rejection {
    fn unreachable(message: String) -> Self {
        Self { message, ..Self::default() }
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        let Error::Api(status) = error else { return Self::unreachable(error.to_string()) };
        let retry_after = status.details.as_ref().map_or(0, |it| it.retry_after_seconds);
        let causes = status.details.into_iter().flat_map(|it| it.causes);
        Self {
            code: status.code,
            reason: status.reason,
            message: status.message,
            causes: causes.map(|it| (it.field, it.message)).collect(),
            retry_after,
        }
    }
}

/// Which resources are listed.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most so many.
    pub limit: u32,
    /// Where the last page ended.
    pub after: Option<String>,
    /// Labels that they bear.
    pub selector: Option<String>,
}

/// A page of resources.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// What is said of the page.
    #[serde(default)]
    pub metadata: ListedMeta,
    /// The resources.
    pub items: Vec<Value>,
}

/// What is said of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListedMeta {
    /// Where it ended; empty for the last one.
    pub r#continue: String,
    /// How many come after it, where that is known.
    pub remaining_item_count: Option<u64>,
}

impl Cluster {
    pub(super) async fn asked<T: DeserializeOwned>(
        &self,
        request: Builder,
        body: Vec<u8>,
    ) -> Result<T, Rejection> {
        let request = request.header("Accept", "application/json").body(body);
        let request = request.map_err(|error| Rejection {
            code: 400,
            message: error.to_string(),
            ..Rejection::default()
        })?;
        match timeout(PATIENCE, self.client.request(request)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                Err(Rejection::unreachable("the API server did not answer in time".to_owned()))
            }
        }
    }

    /// Whether the API server answers.
    pub async fn answers(&self) -> bool {
        self.asked::<Value>(Request::get("/version"), Vec::new()).await.is_ok()
    }

    /// One page of resources.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn page(&self, page: &Page) -> Result<Listed, Rejection> {
        let mut path = format!("{}?limit={}", self.resources(), page.limit);
        for (key, value) in [("continue", &page.after), ("labelSelector", &page.selector)] {
            if let Some(value) = value {
                path = format!("{path}&{key}={}", encoded(value));
            }
        }
        self.asked(Request::get(path), Vec::new()).await
    }

    /// One resource; none where there is none of that name.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn workspace(&self, name: &str) -> Result<Option<Value>, Rejection> {
        let path = format!("{}/{name}", self.resources());
        match self.asked(Request::get(path), Vec::new()).await {
            Ok(found) => Ok(Some(found)),
            Err(rejection) if rejection.code == 404 => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }

    fn written(is_dry: bool) -> String {
        let dry = if is_dry { "&dryRun=All" } else { "" };
        format!("?fieldManager={API}&fieldValidation=Strict{dry}")
    }

    /// Makes a resource.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn create_workspace(
        &self,
        resource: &Value,
        is_dry: bool,
    ) -> Result<Value, Rejection> {
        let path = format!("{}{}", self.resources(), Self::written(is_dry));
        let request = Request::post(path).header("Content-Type", "application/json");
        self.asked(request, resource.to_string().into_bytes()).await
    }

    /// Replaces a resource, if it still has the version that it is given with.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn replace_workspace(
        &self,
        name: &str,
        resource: &Value,
        is_dry: bool,
    ) -> Result<Value, Rejection> {
        let path = format!("{}/{name}{}", self.resources(), Self::written(is_dry));
        let request = Request::put(path).header("Content-Type", "application/json");
        self.asked(request, resource.to_string().into_bytes()).await
    }

    /// Deletes a resource, if it is still the one that is meant.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn delete_workspace(
        &self,
        name: &str,
        only: &Precondition,
        is_dry: bool,
    ) -> Result<(), Rejection> {
        let dry = if is_dry { "?dryRun=All" } else { "" };
        let request = Request::delete(format!("{}/{name}{dry}", self.resources()))
            .header("Content-Type", "application/json");
        self.asked::<Value>(request, only.body(is_dry)).await.map(drop)
    }
}

/// A text as a value of a query.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").expect("a String takes all");
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_query_cannot_become_another_one() {
        assert_eq!(encoded("a=b,c in (d)&limit=9"), "a%3Db%2Cc%20in%20%28d%29%26limit%3D9");
    }
}
