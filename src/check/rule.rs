//! What a rule is: the codes of what it finds, and the functions that look for it.

use super::{
    object::{ApplicationView, ObjectView},
    view::{SpecView, TenantView, WholeView},
};
use crate::diag::{code::Code, diagnostic::Diagnostics};

/// A rule. `rules!` declares those of a file at its top.
pub struct Rule {
    /// The codes of what it finds.
    pub codes: &'static [Code],
    /// The functions that look for it.
    pub checks: &'static [Check],
}

/// A function of a rule, by what it looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// Called by `load` while it reads, because later the text is gone.
    Load,
    /// The spec, before anything is built: after an error nothing is.
    Spec(fn(&SpecView<'_>, &mut Diagnostics)),
    /// One workspace, before it is built: after an error it is not.
    Tenant(fn(&TenantView<'_>, &mut Diagnostics)),
    /// One object, once it is built: each of the platform's, and each of a workspace's.
    Object(fn(&dyn ObjectView, &ApplicationView<'_>, &mut Diagnostics)),
    /// The whole: the plan, what is known of all tenants, the budget.
    Whole(fn(&WholeView<'_>, &mut Diagnostics)),
    /// Called by the command line, because it depends on the time.
    Clock,
}

/// Declares the rules of a file: the severity, the constant and the name of each code, and after
/// them the functions that find it, by what they look at. The page of a code is `pages/<name>.md`.
macro_rules! rules {
    ($(
        $($(#[$doc:meta])* $severity:ident $name:ident = $code:literal),+:
        $($check:ident $(($function:path))?),+;
    )+) => {
        $($($crate::diag::code::code! { $(#[$doc])* $severity $name = $code })+)+

        /// The rules of this file.
        pub const RULES: &[$crate::check::rule::Rule] = &[$($crate::check::rule::Rule {
            codes: &[$($name.code()),+],
            checks: &[$($crate::check::rule::Check::$check $(($function))?),+],
        }),+];
    };
}
pub(in crate::check) use rules;
