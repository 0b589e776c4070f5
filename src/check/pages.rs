//! The page of each code: what `espalier explain CODE` prints.

macro_rules! pages {
    ($($code:literal),+ $(,)?) => {
        /// Code and page, by code.
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("pages/", $code, ".md")))),+];
    };
}

pages!("alias");

/// The page of a code.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|it| it.0 == code).map(|it| it.1)
}

/// All codes.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|it| it.0)
}
