//! A directed graph of names.

use std::collections::{BTreeMap, BTreeSet};

/// Nodes, each with those that it has an arrow to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digraph {
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Digraph {
    /// Adds a node without arrows, unless it is there.
    pub fn add_node(&mut self, node: &str) {
        self.arrows.entry(node.to_owned()).or_default();
    }

    /// Adds an arrow and its ends. An arrow from a node to itself is none.
    pub fn add_edge(&mut self, from: &str, to: &str) {
        self.add_node(from);
        self.add_node(to);
        if from != to
            && let Some(targets) = self.arrows.get_mut(from)
        {
            targets.insert(to.to_owned());
        }
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.arrows.keys().map(String::as_str)
    }

    /// The nodes that one has an arrow to.
    pub fn targets(&self, node: &str) -> impl Iterator<Item = &str> {
        self.arrows.get(node).into_iter().flatten().map(String::as_str)
    }

    /// The circles: the largest sets of two nodes or more in which each can be reached from each.
    #[must_use]
    pub fn circles(&self) -> Vec<BTreeSet<&str>> {
        let reachable = self.reachable();
        let mut circles = BTreeSet::new();
        for node in self.nodes() {
            let circle: BTreeSet<&str> = reachable[node]
                .iter()
                .copied()
                .filter(|other| reachable[other].contains(node))
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// The graph of its parts: each circle is one node, named by its members with spaces between them, and arrows that
    /// follow from others are left out.
    pub(super) fn condensed(&self) -> Self {
        let circles = self.circles();
        let part_of = |node: &str| match circles.iter().find(|circle| circle.contains(node)) {
            Some(circle) => circle.iter().copied().collect::<Vec<_>>().join(" "),
            None => node.to_owned(),
        };
        let mut parts = Self::default();
        for node in self.nodes() {
            let part = part_of(node);
            parts.add_node(&part);
            for target in self.targets(node) {
                parts.add_edge(&part, &part_of(target));
            }
        }
        parts.without_what_follows()
    }

    /// The transitive reduction of a graph without circles.
    fn without_what_follows(&self) -> Self {
        let reachable = self.reachable();
        let mut reduced = Self::default();
        for node in self.nodes() {
            reduced.add_node(node);
            for target in self.targets(node) {
                let follows = self
                    .targets(node)
                    .any(|other| other != target && reachable[other].contains(target));
                if !follows {
                    reduced.add_edge(node, target);
                }
            }
        }
        reduced
    }

    /// For each node all that arrows lead to.
    fn reachable(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let from = |node| {
            let mut reached = BTreeSet::new();
            let mut next: Vec<&str> = self.targets(node).collect();
            while let Some(node) = next.pop() {
                if reached.insert(node) {
                    next.extend(self.targets(node));
                }
            }
            reached
        };
        self.nodes().map(|node| (node, from(node))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(arrows: &[(&str, &str)]) -> Digraph {
        let mut graph = Digraph::default();
        for (from, to) in arrows {
            graph.add_edge(from, to);
        }
        graph
    }

    #[test]
    fn a_circle_is_found_with_all_its_nodes_and_no_other() {
        let graph = graph(&[
            ("a", "b"),
            ("b", "c"),
            ("c", "b"),
            ("c", "d"),
            ("d", "d"),
            ("e", "f"),
            ("f", "e"),
        ]);
        let circles = graph.circles();
        assert_eq!(circles, [BTreeSet::from(["b", "c"]), BTreeSet::from(["e", "f"])]);
    }

    #[test]
    fn an_arrow_that_follows_from_others_is_left_out_and_a_circle_is_one_node() {
        let condensed = graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("a", "d")]).condensed();
        assert_eq!(condensed, graph(&[("a", "b c"), ("b c", "d")]));
    }
}
