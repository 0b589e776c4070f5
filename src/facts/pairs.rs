//! Which versions go together: Argo CD's chart, Argo CD and Kubernetes; Prometheus' operator and
//! its resource definitions.
//!
//! Sources: the charts' `appVersion`; Argo CD's own list of tested Kubernetes versions.

use std::ops::RangeInclusive;

/// Lines of Argo CD's chart (major, minor), and the line of Argo CD that each installs.
pub const ARGO_CD_OF_CHART: [((u32, u32), (u32, u32)); 2] = [((10, 1), (3, 4)), ((10, 9), (3, 5))];

/// Lines of Argo CD, and the minors of Kubernetes 1 that each is tested on.
pub const KUBERNETES_OF_ARGO_CD: [((u32, u32), RangeInclusive<u32>); 3] =
    [((3, 3), 32..=35), ((3, 4), 32..=35), ((3, 5), 33..=36)];

/// Major versions of the chart with Prometheus' operator, and a version of the chart with the
/// definitions of the same operator: 0.93 in the first two, then 0.94, whose definitions differ.
pub const DEFINITIONS_OF_OPERATOR: [(u32, &str); 3] =
    [(88, "31.0.1"), (89, "31.0.1"), (91, "32.0.1")];

/// The version of the chart of definitions that goes with a version of the operator's chart, where
/// it is known: any of its major version does.
pub fn definitions(chart: &str) -> Option<&'static str> {
    let major = line(chart)?.0;
    DEFINITIONS_OF_OPERATOR.iter().find(|it| it.0 == major).map(|it| it.1)
}

/// Whether a version of the operator's chart goes with one of the chart of definitions, where it is
/// known which does.
pub fn go_together(operator: &str, chart: &str) -> Option<bool> {
    let wanted = definitions(operator)?;
    Some(line(chart)?.0 == line(wanted)?.0)
}

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

#[cfg(test)]
mod tests {
    use super::go_together;

    #[test]
    fn an_operator_goes_with_the_definitions_of_its_own_version() {
        for (operator, chart, known) in [
            ("88.5.3", "31.0.1", Some(true)),
            ("89.0.0", "31.2.0", Some(true)),
            ("91.0.0", "32.0.1", Some(true)),
            ("91.0.0", "31.0.1", Some(false)),
            ("88.5.3", "32.0.1", Some(false)),
            ("66.2.2", "22.0.2", None),
            ("90.0.0", "31.0.1", None),
        ] {
            assert_eq!(go_together(operator, chart), known, "{operator} with {chart}");
        }
    }
}
