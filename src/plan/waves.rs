//! Sync waves, made of orders only.

use crate::builder::{component::BuiltComponent, handle::AppId};

/// Waves have gaps, so that a new component changes few numbers.
pub const GAP: u32 = 10;

/// The wave of each Application, and those that it directly waits for.
pub struct Waves {
    waves: Vec<Option<u32>>,
    /// By position in build order.
    after: Vec<Vec<usize>>,
}

/// Whether the component becomes an Application: one without an object is not emitted, and its
/// orders pass on.
pub fn emitted(index: usize, built: &BuiltComponent) -> bool {
    index == 0 || built.chart.is_some() || !built.objects.is_empty()
}

impl Waves {
    /// One pass: build order is a topological order.
    pub fn of(components: &[BuiltComponent]) -> Self {
        let is_emitted =
            components.iter().enumerate().map(|(index, component)| emitted(index, component));
        let orders = components.iter().map(|it| it.after.iter().map(|app| app.index()));
        Self::ranked(is_emitted.zip(orders))
    }

    /// For each, in build order: whether it is emitted, and the positions of those that it comes
    /// after.
    fn ranked<I>(components: impl Iterator<Item = (bool, I)>) -> Self
    where
        I: Iterator<Item = usize>,
    {
        let (mut waves, mut after): (Vec<Option<u32>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (is_emitted, orders) in components {
            let mut needed: Vec<usize> = Vec::new();
            for index in orders {
                match waves[index] {
                    Some(_) => needed.push(index),
                    None => needed.extend(after[index].iter().copied()),
                }
            }
            needed.sort_unstable();
            needed.dedup();
            let wave = needed.iter().filter_map(|it| waves[*it]).max().map_or(0, |it| it + GAP);
            waves.push(is_emitted.then_some(wave));
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
        self.after[index].iter().copied()
    }

    /// The wave of something outside the list that waits for these.
    pub fn wave_after(&self, after: impl IntoIterator<Item = AppId>) -> u32 {
        self.behind(after.into_iter().map(AppId::index))
    }

    fn behind(&self, after: impl Iterator<Item = usize>) -> u32 {
        let wave = |index: usize| match self.waves[index] {
            Some(wave) => Some(wave),
            None => self.after[index].iter().filter_map(|it| self.waves[*it]).max(),
        };
        after.filter_map(wave).max().unwrap_or(0) + GAP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each is emitted, and what it comes after.
    fn ranked(components: &[(bool, &[usize])]) -> Waves {
        Waves::ranked(components.iter().map(|(emitted, after)| (*emitted, after.iter().copied())))
    }

    fn waves(of: &Waves) -> Vec<Option<u32>> {
        (0..of.waves.len()).map(|it| of.wave(it)).collect()
    }

    #[test]
    fn a_component_is_one_wave_behind_the_last_that_it_needs() {
        let of = ranked(&[(true, &[]), (true, &[0]), (true, &[0]), (true, &[1, 2]), (true, &[0])]);
        assert_eq!(waves(&of), [0, GAP, GAP, 2 * GAP, GAP].map(Some));
        assert_eq!(of.after(3).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(of.count(), 5);
    }

    /// Whoever waits for one without an object waits for all that it would have waited for.
    #[test]
    fn orders_pass_through_what_is_not_emitted() {
        let of =
            ranked(&[(true, &[]), (true, &[0]), (false, &[1]), (false, &[2, 0]), (true, &[3])]);
        assert_eq!(waves(&of), [Some(0), Some(GAP), None, None, Some(2 * GAP)]);
        assert_eq!(of.after(4).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(of.count(), 3);
    }

    #[test]
    fn nobody_waits_for_nobody() {
        let of = ranked(&[(true, &[]), (false, &[]), (true, &[1])]);
        assert_eq!(waves(&of), [Some(0), None, Some(0)]);
        assert!(of.after(2).next().is_none());
    }

    #[test]
    fn what_is_outside_of_the_list_comes_behind_it() {
        let of = ranked(&[(true, &[]), (true, &[0]), (false, &[1]), (false, &[])]);
        assert_eq!(of.behind([1].into_iter()), 2 * GAP);
        assert_eq!(of.behind([2].into_iter()), 2 * GAP, "as what that one waits for");
        assert_eq!(of.behind([0, 1].into_iter()), 2 * GAP);
        assert_eq!(of.behind([3].into_iter()), GAP);
        assert_eq!(of.behind(std::iter::empty()), GAP);
        let of = ranked(&[(true, &[]), (true, &[0]), (false, &[0, 1])]);
        assert_eq!(of.behind([2].into_iter()), 2 * GAP, "the later of the two");
    }
}
