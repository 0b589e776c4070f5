//! Sync waves, made of orders only.

use crate::builder::{component::BuiltComponent, handle::AppId};

/// Waves have gaps, so that a new component changes few numbers.
pub const GAP: u32 = 10;

/// The wave of each Application, and those that it directly waits for.
pub struct Waves {
    waves: Vec<Option<u32>>,
    after: Vec<Vec<AppId>>,
}

/// Whether the component becomes an Application: one without an object is not emitted, and its
/// orders pass on.
pub fn emitted(index: usize, built: &BuiltComponent) -> bool {
    index == 0 || built.chart.is_some() || !built.objects.is_empty()
}

impl Waves {
    /// One pass: build order is a topological order.
    pub fn of(components: &[BuiltComponent]) -> Self {
        let (mut waves, mut after): (Vec<Option<u32>>, Vec<Vec<AppId>>) = (Vec::new(), Vec::new());
        for (index, component) in components.iter().enumerate() {
            let mut needed: Vec<AppId> = Vec::new();
            for app in &component.after {
                match waves[app.index()] {
                    Some(_) => needed.push(*app),
                    None => needed.extend(after[app.index()].iter().copied()),
                }
            }
            needed.sort_unstable();
            needed.dedup();
            let wave =
                needed.iter().filter_map(|app| waves[app.index()]).max().map_or(0, |it| it + GAP);
            waves.push(emitted(index, component).then_some(wave));
            after.push(needed);
        }
        Self { waves, after }
    }

    /// The wave of the n-th component; none when it is not emitted.
    pub fn wave(&self, index: usize) -> Option<u32> {
        self.waves[index]
    }

    /// How many are emitted.
    pub fn count(&self) -> usize {
        self.waves.iter().flatten().count()
    }

    /// What the n-th component waits for, by position, among those that are emitted.
    pub fn after(&self, index: usize) -> impl Iterator<Item = usize> {
        self.after[index].iter().map(|app| app.index())
    }

    /// The wave of something outside the list that waits for these.
    pub fn wave_after(&self, after: impl IntoIterator<Item = AppId>) -> u32 {
        let wave = |app: AppId| match self.waves[app.index()] {
            Some(wave) => Some(wave),
            None => self.after[app.index()].iter().filter_map(|it| self.waves[it.index()]).max(),
        };
        after.into_iter().filter_map(wave).max().unwrap_or(0) + GAP
    }
}
