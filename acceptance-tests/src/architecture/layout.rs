//! Boxes in layers, so that every arrow leads down.

use std::collections::BTreeMap;

use super::digraph::Digraph;

/// Where things are, in pixels from the upper left corner of the drawing.
pub(super) struct Layout {
    /// Each node's upper left corner.
    pub(super) places: BTreeMap<String, (f64, f64)>,
    /// For each arrow the points that it passes, from the lower edge of one box to the upper edge of another.
    pub(super) arrows: Vec<Vec<(f64, f64)>>,
    /// Width and height of all.
    pub(super) size: (f64, f64),
}

/// The distances of boxes, and how many stand side by side at most.
pub(super) struct Spacing {
    pub(super) across: f64,
    pub(super) down: f64,
    pub(super) most: usize,
}

/// Something in a layer: a node, or an arrow that passes.
struct Slot {
    node: Option<String>,
    size: (f64, f64),
    /// Slots of the layer above that have an arrow to this one.
    above: Vec<usize>,
    /// Slots of the layer below that this one has an arrow to.
    below: Vec<usize>,
    /// The horizontal middle.
    middle: f64,
}

/// Places the nodes of a graph without circles.
pub(super) fn layers(graph: &Digraph, size_of: &dyn Fn(&str) -> (f64, f64), spacing: &Spacing) -> Layout {
    let mut layers = slots(graph, size_of, spacing.most);
    for round in 0..ROUNDS {
        sort(&mut layers, round % 2 == 0);
    }
    for round in 0..ROUNDS {
        shift(&mut layers, round % 2 == 0, spacing.across);
    }
    placed(&layers, spacing)
}

/// The layers from the top, each with its slots.
fn slots(graph: &Digraph, size_of: &dyn Fn(&str) -> (f64, f64), most: usize) -> Vec<Vec<Slot>> {
    let heights = heights(graph, most);
    let count = heights.values().max().map_or(0, |highest| highest + 1);
    let layer_of = |node: &str| count - 1 - heights[node];
    let mut layers: Vec<Vec<Slot>> = (0..count).map(|_| Vec::new()).collect();
    let mut index = BTreeMap::new();
    for node in graph.nodes() {
        let layer = &mut layers[layer_of(node)];
        index.insert(node, layer.len());
        layer.push(Slot::new(Some(node.to_owned()), size_of(node)));
    }
    for from in graph.nodes() {
        for to in graph.targets(from) {
            let mut upper = index[from];
            for layer in layer_of(from)..layer_of(to) {
                let lower = if layer + 1 == layer_of(to) {
                    index[to]
                } else {
                    layers[layer + 1].push(Slot::new(None, (0.0, 0.0)));
                    layers[layer + 1].len() - 1
                };
                layers[layer][upper].below.push(lower);
                layers[layer + 1][lower].above.push(upper);
                upper = lower;
            }
        }
    }
    layers
}

impl Slot {
    fn new(node: Option<String>, size: (f64, f64)) -> Self {
        let (above, below) = (Vec::new(), Vec::new());
        Self {
            node,
            size,
            above,
            below,
            middle: 0.0,
        }
    }

    /// The place on the edge of the box at which the arrow stands that leads to or from this slot of the next layer.
    fn port(&self, neighbour: usize, neighbours: &[usize]) -> f64 {
        let place = neighbours.iter().filter(|other| **other <= neighbour).count();
        self.middle + self.size.0 * (place as f64 / (neighbours.len() + 1) as f64 - 0.5)
    }

    fn neighbours(&self, downward: bool) -> &[usize] {
        if downward { &self.above } else { &self.below }
    }
}

/// The height of each node: above all that it has arrows to, and in a layer that has room.
fn heights(graph: &Digraph, most: usize) -> BTreeMap<&str, usize> {
    let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
    let mut filled: Vec<usize> = Vec::new();
    while let Some(node) = graph
        .nodes()
        .filter(|node| !heights.contains_key(node))
        .filter(|node| graph.targets(node).all(|target| heights.contains_key(target)))
        .min_by_key(|node| graph.targets(node).map(|target| heights[target] + 1).max())
    {
        let mut height = graph.targets(node).map(|target| heights[target] + 1).max().unwrap_or(0);
        while filled.get(height).is_some_and(|filled| *filled >= most) {
            height += 1;
        }
        filled.resize(filled.len().max(height + 1), 0);
        filled[height] += 1;
        heights.insert(node, height);
    }
    heights
}

/// Orders each layer by the middle of what its slots are connected to in the layer before it.
fn sort(layers: &mut [Vec<Slot>], downward: bool) {
    let order: Vec<usize> = order(layers.len(), downward);
    for pair in order.windows(2) {
        let layer = std::mem::take(&mut layers[pair[1]]);
        let weight = |slot: &Slot, at: usize| {
            let neighbours = slot.neighbours(downward);
            match neighbours.len() {
                0 => at as f64,
                count => neighbours.iter().sum::<usize>() as f64 / count as f64,
            }
        };
        let mut sorted: Vec<(f64, usize, Slot)> = layer
            .into_iter()
            .enumerate()
            .map(|(at, slot)| (weight(&slot, at), at, slot))
            .collect();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let mut place_of = vec![0; sorted.len()];
        for (place, (_, at, _)) in sorted.iter().enumerate() {
            place_of[*at] = place;
        }
        layers[pair[1]] = sorted.into_iter().map(|(_, _, slot)| slot).collect();
        let renumber = |slots: &mut Vec<usize>| slots.iter_mut().for_each(|slot| *slot = place_of[*slot]);
        if let Some(layer) = pair[1].checked_sub(1) {
            layers[layer].iter_mut().for_each(|slot| renumber(&mut slot.below));
        }
        if let Some(layer) = layers.get_mut(pair[1] + 1) {
            layer.iter_mut().for_each(|slot| renumber(&mut slot.above));
        }
    }
}

fn order(count: usize, downward: bool) -> Vec<usize> {
    if downward {
        (0..count).collect()
    } else {
        (0..count).rev().collect()
    }
}

/// Moves slots towards the middle of what they are connected to, as far as their neighbours allow.
fn shift(layers: &mut [Vec<Slot>], downward: bool, gap: f64) {
    for at in order(layers.len(), downward) {
        let middle_of = |slot: &Slot, layer: usize| {
            let neighbours = slot.neighbours(downward);
            let sum: f64 = neighbours
                .iter()
                .map(|neighbour| layers[layer][*neighbour].middle)
                .sum();
            (!neighbours.is_empty()).then(|| sum / neighbours.len() as f64)
        };
        let next = if downward {
            at.checked_sub(1)
        } else {
            Some(at + 1).filter(|next| *next < layers.len())
        };
        let wanted: Vec<f64> = layers[at]
            .iter()
            .map(|slot| next.and_then(|next| middle_of(slot, next)).unwrap_or(slot.middle))
            .collect();
        let widths: Vec<f64> = layers[at].iter().map(|slot| slot.size.0).collect();
        let distance = |left: usize| widths[left].midpoint(widths[left + 1]) + gap;
        // Between the places that push to the right alone and those that push to the left alone.
        let mut right = wanted.clone();
        for slot in 1..right.len() {
            right[slot] = right[slot].max(right[slot - 1] + distance(slot - 1));
        }
        let mut left = wanted;
        for slot in (0..left.len().saturating_sub(1)).rev() {
            left[slot] = left[slot].min(left[slot + 1] - distance(slot));
        }
        for (slot, (left, right)) in layers[at].iter_mut().zip(left.into_iter().zip(right)) {
            slot.middle = left.midpoint(right);
        }
    }
}

fn placed(layers: &[Vec<Slot>], spacing: &Spacing) -> Layout {
    let all = || layers.iter().flatten();
    let start = all()
        .map(|slot| slot.middle - slot.size.0 / 2.0)
        .fold(f64::INFINITY, f64::min);
    let end = all().map(|slot| slot.middle + slot.size.0 / 2.0).fold(start, f64::max);
    let mut lines = Vec::new();
    let mut top = 0.0;
    for layer in layers {
        let bottom = top + layer.iter().map(|slot| slot.size.1).fold(0.0, f64::max);
        lines.push((top, bottom));
        top = bottom + spacing.down;
    }
    let mut places = BTreeMap::new();
    let mut arrows = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        for (index, slot) in layer.iter().enumerate() {
            let Some(node) = &slot.node else { continue };
            let (top, bottom) = lines[at];
            places.insert(node.clone(), (slot.middle - slot.size.0 / 2.0 - start, top));
            for below in &slot.below {
                let foot = slot.port(*below, &slot.below) - start;
                // Boxes of one layer have different heights: the arrow goes straight down beside the others.
                let mut points = vec![(foot, top + slot.size.1), (foot, bottom)];
                let (mut from, mut upper, mut lower) = (at, index, *below);
                loop {
                    let target = &layers[from + 1][lower];
                    let (top, bottom) = lines[from + 1];
                    let head = target.port(upper, &target.above) - start;
                    points.push((head, top));
                    if target.node.is_some() {
                        break;
                    }
                    points.push((head, bottom));
                    (from, upper, lower) = (from + 1, lower, target.below[0]);
                }
                arrows.push(points);
            }
        }
    }
    Layout {
        places,
        arrows,
        size: (end - start, lines.last().map_or(0.0, |(_, bottom)| *bottom)),
    }
}

const ROUNDS: usize = 24;
