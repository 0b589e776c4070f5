//! What is decided, held against a small world: any order of events, a process that ends between
//! any two actions, and somebody who changes whatever is there. It always comes to the same end.

mod world;

use proptest::prelude::*;

use self::world::{Deed, World};

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => any::<u8>().prop_map(Deed::Look),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(whose, after)| Deed::Crash(whose, after)),
        2 => any::<u8>().prop_map(Deed::Edit),
        2 => any::<u8>().prop_map(Deed::Remove),
        1 => any::<u8>().prop_map(Deed::Stray),
        1 => any::<u8>().prop_map(Deed::Foreign),
        2 => any::<u8>().prop_map(Deed::Respec),
        1 => any::<u8>().prop_map(Deed::Suspend),
        1 => any::<u8>().prop_map(Deed::Delete),
        1 => any::<u8>().prop_map(Deed::Create),
        1 => Just(Deed::Forget),
        2 => any::<u8>().prop_map(Deed::Deliver),
        1 => any::<u8>().prop_map(Deed::TakeNamespace),
        1 => Just(Deed::Refuse),
    ];
    prop::collection::vec(deed, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_it_comes_to_the_same_end(deeds in deeds()) {
        let mut world = World::new();
        for deed in deeds {
            world.does(deed);
        }
        world.settles();
        world.is_as_it_should_be();
    }
}

#[test]
fn a_process_that_ends_after_any_action_loses_nothing() {
    for after in 0..12 {
        for last in [None, Some(Deed::Delete(0)), Some(Deed::Suspend(0)), Some(Deed::Respec(0))] {
            let mut world = World::new();
            world.does(Deed::Create(0));
            if last.is_some() {
                world.settles();
            }
            if let Some(deed) = last {
                world.does(deed);
            }
            world.does(Deed::Crash(0, after));
            world.does(Deed::Forget);
            world.settles();
            world.is_as_it_should_be();
        }
    }
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    let mut world = World::new();
    world.does(Deed::Create(0));
    world.settles();
    let before = world.writes;
    world.does(Deed::Forget);
    world.settles();
    assert_eq!(world.writes, before);
}

#[test]
fn a_world_that_is_not_as_it_should_be_is_seen() {
    let mut world = World::new();
    world.does(Deed::Create(0));
    world.settles();
    world.does(Deed::Remove(5));
    let seen =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.is_as_it_should_be()));
    assert!(seen.is_err());
}

#[test]
fn the_samples_are_workspaces() {
    for text in [
        include_str!("../../config/samples/workspace.yaml"),
        include_str!("../../config/samples/workspace-with-prompts.yaml"),
    ] {
        let (tenant, found) = World::new().plan().tenant("sample.yaml", text);
        assert!(tenant.is_some() && found.is_empty(), "{}", found.json());
    }
}
