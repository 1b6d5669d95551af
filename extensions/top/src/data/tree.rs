//! Actors below their parents, depth first.

use actors_core::observe::ActorSnapshot;
use std::collections::HashMap;

/// A place in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The index of the actor in its snapshot.
    pub(crate) actor: usize,
    /// The number of its ancestors.
    pub(crate) depth: usize,
}

/// Returns every actor once: parents before their children, otherwise in the order of the
/// snapshot.
///
/// An actor whose parent has ended stands at the top. Names come from another process: parents that
/// form a cycle are cut, and the depth of the tree takes no stack.
pub(crate) fn of(actors: &[ActorSnapshot]) -> Vec<Place> {
    let mut by_name = HashMap::new();
    for (index, actor) in actors.iter().enumerate() {
        by_name.entry(actor.name.as_str()).or_insert(index);
    }
    let mut children = vec![Vec::new(); actors.len()];
    let mut roots = Vec::new();
    for (index, actor) in actors.iter().enumerate() {
        let parent = actor.parent.as_ref().and_then(|parent| by_name.get(parent.as_str()));
        match parent.filter(|parent| **parent != index) {
            Some(parent) => children[*parent].push(index),
            None => roots.push(index),
        }
    }
    let mut places = Vec::with_capacity(actors.len());
    let mut is_placed = vec![false; actors.len()];
    // What is left after the roots is below a cycle: its first actor becomes a root.
    for root in roots.into_iter().chain(0..actors.len()) {
        let mut next = vec![Place { actor: root, depth: 0 }];
        while let Some(place) = next.pop() {
            if std::mem::replace(&mut is_placed[place.actor], true) {
                continue;
            }
            let below = children[place.actor].iter().rev();
            next.extend(below.map(|child| Place { actor: *child, depth: place.depth + 1 }));
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, snapshot};
    use serde_json::json;

    fn tree(actors: &[(&str, Option<&str>)]) -> Vec<String> {
        let actors: Vec<_> = actors.iter().map(|(name, parent)| actor(name, *parent, 0, json!({}))).collect();
        let snapshot = snapshot(1.0, &actors);
        let line =
            |place: &Place| format!("{}{}", "-".repeat(place.depth), snapshot.actors[place.actor].name);
        of(&snapshot.actors).iter().map(line).collect()
    }

    #[test]
    fn children_stand_below_their_parents() {
        let actors = [("child", Some("root")), ("root", None), ("other", None), ("leaf", Some("child"))];
        assert_eq!(tree(&actors), ["root", "-child", "--leaf", "other"]);
    }

    #[test]
    fn an_orphan_stands_at_the_top() {
        assert_eq!(tree(&[("a", Some("gone")), ("b", Some("a"))]), ["a", "-b"]);
    }

    #[test]
    fn parents_in_a_cycle_lose_no_actor() {
        let actors = [("a", Some("b")), ("b", Some("a")), ("self", Some("self")), ("c", Some("b"))];
        assert_eq!(tree(&actors), ["self", "a", "-b", "--c"]);
    }

    #[test]
    fn two_actors_of_one_name_are_both_there() {
        assert_eq!(tree(&[("a", None), ("a", None), ("b", Some("a"))]), ["a", "-b", "a"]);
    }

    #[test]
    fn a_very_deep_tree_takes_no_stack() {
        let names: Vec<_> = (0..100_000).map(|at| at.to_string()).collect();
        let one = snapshot(1.0, &[actor("0", None, 0, json!({}))]).actors.remove(0);
        let name = |at: usize| serde_json::from_value(json!(names[at])).unwrap();
        let deep = (0..names.len()).map(|at| {
            let mut actor = one.clone();
            actor.name = name(at);
            actor.parent = at.checked_sub(1).map(name);
            actor
        });
        let places = of(&deep.collect::<Vec<_>>());
        assert_eq!(places.last(), Some(&Place { actor: 99_999, depth: 99_999 }));
    }
}
