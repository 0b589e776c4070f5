//! Which Argo CD a chart brings, and which versions of Kubernetes that Argo CD is tested on.
//!
//! Sources: the chart's `appVersion`; Argo CD's own list of tested Kubernetes versions.

use std::ops::RangeInclusive;

/// Lines of Argo CD's chart (major, minor), and the line of Argo CD that each installs.
pub const ARGO_CD_OF_CHART: [((u32, u32), (u32, u32)); 2] = [((10, 1), (3, 4)), ((10, 9), (3, 5))];

/// Lines of Argo CD, and the minors of Kubernetes 1 that each is tested on.
pub const KUBERNETES_OF_ARGO_CD: [((u32, u32), RangeInclusive<u32>); 3] =
    [((3, 3), 32..=35), ((3, 4), 32..=35), ((3, 5), 33..=36)];

/// The line of Argo CD that a version of the chart installs, where it is known.
pub fn argo_cd(chart: &str) -> Option<(u32, u32)> {
    let line = line(chart)?;
    ARGO_CD_OF_CHART.iter().find(|it| it.0 == line).map(|it| it.1)
}

/// The minors of Kubernetes 1 that a line of Argo CD is tested on.
pub fn kubernetes(argo_cd: (u32, u32)) -> Option<RangeInclusive<u32>> {
    KUBERNETES_OF_ARGO_CD.iter().find(|it| it.0 == argo_cd).map(|it| it.1.clone())
}

/// Major and minor of a version: `(1, 35)` of `v1.35.8+k3s1`.
pub fn line(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.').map(|it| it.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}
