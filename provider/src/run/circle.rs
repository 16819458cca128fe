//! Changes that wait for each other without end: instances that exchange what only one object can have.
//!
//! A shifted list ends somewhere: an object is removed, or gets a name that nothing has, and the others follow. Names that
//! go round in a circle have no such end, and the cluster refuses each of the changes, whichever comes first.

use std::collections::{HashMap, VecDeque};

use terraform_plugin::Instance;
use tf_provider::{AttributePath, Diagnostics};

use super::Key;
use crate::report::error;

/// Keys that instances give up, and keys that instances want.
#[derive(Default)]
pub(super) struct Exchanges {
    given_up: HashMap<Key, Instance>,
    wanted: HashMap<Instance, Vec<(Key, AttributePath)>>,
}

impl Exchanges {
    /// Notes that an instance's object is to have the keys `after` in place of `before`; an error when that closes a circle.
    pub(super) fn note(
        &mut self,
        diags: &mut Diagnostics,
        instance: Instance,
        before: &[(Key, AttributePath)],
        after: &[(Key, AttributePath)],
    ) {
        let is_in = |keys: &[(Key, AttributePath)], key: &Key| keys.iter().any(|(other, _)| other == key);
        for (key, _) in before.iter().filter(|(key, _)| !is_in(after, key)) {
            self.given_up.insert(key.clone(), instance);
        }
        let wanted = after.iter().filter(|(key, _)| !is_in(before, key));
        self.wanted.insert(instance, wanted.cloned().collect());
        if let Some(circle) = self.circle(instance) {
            refuse(diags, &circle);
        }
    }

    /// Notes that an instance's object is replaced, and so waits for nobody.
    pub(super) fn forget(&mut self, instance: Instance) {
        self.wanted.remove(&instance);
    }

    /// The shortest way from an instance to itself: what it wants, what the one that has that wants, and so on.
    fn circle(&self, start: Instance) -> Option<Vec<&(Key, AttributePath)>> {
        let mut reached_by: HashMap<Instance, (Instance, &(Key, AttributePath))> = HashMap::new();
        let mut next = VecDeque::from([start]);
        while let Some(instance) = next.pop_front() {
            for wanted in self.wanted.get(&instance).into_iter().flatten() {
                let Some(holder) = self.given_up.get(&wanted.0) else {
                    continue;
                };
                if *holder == start {
                    let mut way = vec![wanted];
                    let mut at = instance;
                    while let Some((before, wanted)) = reached_by.get(&at) {
                        way.push(wanted);
                        at = *before;
                    }
                    way.reverse();
                    return Some(way);
                }
                reached_by.entry(*holder).or_insert_with(|| {
                    next.push_back(*holder);
                    (instance, wanted)
                });
            }
        }
        None
    }
}

fn refuse(diags: &mut Diagnostics, circle: &[&(Key, AttributePath)]) {
    let Some(((first, attribute), _)) = circle.split_first() else {
        return;
    };
    let mut keys: Vec<String> = circle.iter().map(|(key, _)| key.to_string()).collect();
    if keys.len() > MOST_SHOWN {
        let left = keys.len() - MOST_SHOWN;
        keys.truncate(MOST_SHOWN);
        keys.push(format!("{left} more"));
    }
    error(
        diags,
        attribute.clone(),
        format!("Objects exchange their {}s", first.attribute),
        format!(
            "This block is to become the {}. The object that is so now waits for another one in turn, and the last waits for \
             the object of this block. The cluster changes one object at a time and refuses what another one has, so none of \
             them could be changed. Nothing was changed. Give one of these blocks a value that nothing has, apply, and then \
             give it the one that it is to have. If only the order of a list has changed and the objects are to stay as they \
             are, use for_each with their names as keys, or tell Terraform with moved blocks which is which.",
            keys.join(", its holder the ")
        ),
    );
}

/// Of the objects of a circle, in a message.
const MOST_SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use terraform_plugin::instance_call;

    fn keys(values: &[(&'static str, &str)]) -> Vec<(Key, AttributePath)> {
        let values = values.iter();
        values
            .map(|(attribute, value)| {
                let key = Key::new("certward_cert_user", attribute, *value);
                (key, AttributePath::new(*attribute))
            })
            .collect()
    }

    fn noted(
        exchanges: &mut Exchanges,
        before: &[(&'static str, &str)],
        after: &[(&'static str, &str)],
    ) -> Diagnostics {
        let mut diags = Diagnostics::default();
        exchanges.note(&mut diags, instance_call().instance, &keys(before), &keys(after));
        diags
    }

    fn named(exchanges: &mut Exchanges, before: &str, after: &str) -> Diagnostics {
        noted(exchanges, &[("name", before)], &[("name", after)])
    }

    #[test]
    fn names_that_go_round_are_refused_by_the_last_of_them() {
        let mut exchanges = Exchanges::default();
        assert_eq!(named(&mut exchanges, "a", "b"), Diagnostics::default());
        assert_eq!(named(&mut exchanges, "b", "c"), Diagnostics::default());
        let diags = named(&mut exchanges, "c", "a");
        let error = &diags.errors[0];
        assert_eq!(error.attribute, AttributePath::new("name"));
        let position = |text: &str| error.detail.find(text).unwrap_or_else(|| panic!("{text}: {error:?}"));
        assert!(
            position("name = \"a\"") < position("name = \"b\"") && position("name = \"b\"") < position("name = \"c\"")
        );
        assert!(error.detail.contains("moved blocks"));
    }

    #[test]
    fn lists_that_shift_end_somewhere() {
        let mut exchanges = Exchanges::default();
        for (before, after) in [("c", "d"), ("a", "b"), ("b", "c"), ("e", "e")] {
            assert_eq!(named(&mut exchanges, before, after), Diagnostics::default());
        }
    }

    #[test]
    fn circle_can_go_through_several_attributes() {
        let mut exchanges = Exchanges::default();
        let (one, two) = (
            [("name", "a"), ("email", "a@example.com")],
            [("name", "b"), ("email", "b@example.com")],
        );
        let diags = noted(&mut exchanges, &one, &[("name", "b"), ("email", "c@example.com")]);
        assert_eq!(diags, Diagnostics::default());
        let diags = noted(&mut exchanges, &two, &[("name", "d"), ("email", "a@example.com")]);
        assert_eq!(diags.errors[0].attribute, AttributePath::new("email"), "{diags:?}");
    }

    #[test]
    fn object_that_is_replaced_waits_for_nobody() {
        let mut exchanges = Exchanges::default();
        let replaced = instance_call().instance;
        let mut diags = Diagnostics::default();
        exchanges.note(&mut diags, replaced, &keys(&[("name", "a")]), &keys(&[("name", "b")]));
        exchanges.forget(replaced);
        assert_eq!(named(&mut exchanges, "b", "a"), Diagnostics::default());
    }

    #[test]
    fn long_circle_is_shown_in_part() {
        let mut exchanges = Exchanges::default();
        for number in 1..1_000 {
            let diags = named(&mut exchanges, &number.to_string(), &(number + 1).to_string());
            assert_eq!(diags, Diagnostics::default());
        }
        let diags = named(&mut exchanges, "1000", "1");
        assert!(diags.errors[0].detail.contains("992 more"), "{diags:?}");
    }
}
