//! The picture of a workspace: crates as boxes, their modules in them, and an arrow from each to what it imports.

use std::fmt::Write as _;

use super::layout::{self, Layout, Spacing};
use super::{Crate, Workspace};

/// Draws the workspace. A circle of modules is one box with a dashed border.
pub(super) fn svg(workspace: &Workspace) -> String {
    let crates: Vec<(&Crate, Layout)> = workspace.crates.iter().map(|one| (one, inside(one))).collect();
    let size_of = |name: &str| {
        let of_crate = crates.iter().find(|(one, _)| one.name == name);
        of_crate.map_or((0.0, 0.0), |(one, inside)| {
            let width = inside.size.0.max(text_width(&one.name) * 1.3);
            (width + 2.0 * PADDING, inside.size.1 + HEADING + PADDING)
        })
    };
    let all = layout::layers(&workspace.dependencies.condensed(), &size_of, &CRATES);
    let (width, height) = (all.size.0 + 2.0 * MARGIN, all.size.1 + 2.0 * MARGIN + CAPTION);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"12\" fill=\"#1f2328\">\n\
         <title>The crates of Certward and their modules</title>\n\
         <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#57606a\"/></marker></defs>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n"
    );
    _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"28\">An arrow leads to what is imported. One that follows from others is left out. Tests do \
         not count. Drawn by make graph.</text>"
    );
    let origin = (MARGIN, MARGIN + CAPTION);
    arrows(&mut svg, &all, origin);
    for (one, inside) in &crates {
        let place = moved(all.places.get(&one.name).copied().unwrap_or_default(), origin);
        rectangle(
            &mut svg,
            place,
            size_of(&one.name),
            "fill=\"#f6f8fa\" stroke=\"#57606a\" rx=\"6\"",
        );
        _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"15\" font-weight=\"bold\">{}</text>",
            place.0 + PADDING,
            place.1 + 24.0,
            one.name
        );
        modules(&mut svg, inside, moved(place, (PADDING, HEADING)));
    }
    svg.push_str("</svg>\n");
    svg
}

fn inside(one: &Crate) -> Layout {
    layout::layers(&one.modules.condensed(), &size_of_modules, &MODULES)
}

fn modules(svg: &mut String, inside: &Layout, origin: (f64, f64)) {
    arrows(svg, inside, origin);
    for (label, place) in &inside.places {
        let place = moved(*place, origin);
        let style = if label.contains(' ') {
            "fill=\"#ffebe9\" stroke=\"#cf222e\" stroke-dasharray=\"5 3\" rx=\"3\""
        } else {
            "fill=\"#ddf4ff\" stroke=\"#0969da\" rx=\"3\""
        };
        rectangle(svg, place, size_of_modules(label), style);
        for (line, text) in lines(label).iter().enumerate() {
            let (x, y) = moved(place, (8.0, 16.0 + LINE * line as f64));
            _ = writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\">{text}</text>");
        }
    }
}

fn rectangle(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), style: &str) {
    _ = writeln!(
        svg,
        "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" {style}/>"
    );
}

fn arrows(svg: &mut String, layout: &Layout, origin: (f64, f64)) {
    for points in &layout.arrows {
        let mut path = String::new();
        let mut last = (0.0, 0.0);
        for (place, point) in points.iter().enumerate() {
            let (x, y) = moved(*point, origin);
            let middle = last.1 + (y - last.1) / 2.0;
            _ = match place {
                0 => write!(path, "M{x:.0} {y:.0}"),
                _ if x == last.0 => write!(path, "V{y:.0}"),
                _ => write!(path, "C{:.0} {middle:.0} {x:.0} {middle:.0} {x:.0} {y:.0}", last.0),
            };
            last = (x, y);
        }
        _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"#57606a\" marker-end=\"url(#head)\"/>"
        );
    }
}

fn moved(place: (f64, f64), by: (f64, f64)) -> (f64, f64) {
    (place.0 + by.0, place.1 + by.1)
}

fn size_of_modules(label: &str) -> (f64, f64) {
    let lines = lines(label);
    let width = lines.iter().map(|line| text_width(line)).fold(0.0, f64::max);
    (width + 16.0, LINE * lines.len() as f64 + 8.0)
}

/// The names of a circle, a few in a line.
fn lines(label: &str) -> Vec<String> {
    let names: Vec<&str> = label.split(' ').collect();
    names.chunks(4).map(|names| names.join(" ")).collect()
}

fn text_width(text: &str) -> f64 {
    text.len() as f64 * 7.3
}

const CRATES: Spacing = Spacing {
    across: 30.0,
    down: 50.0,
    most: 4,
};
const MODULES: Spacing = Spacing {
    across: 10.0,
    down: 24.0,
    most: 6,
};
const MARGIN: f64 = 20.0;
const CAPTION: f64 = 24.0;
const PADDING: f64 = 16.0;
const HEADING: f64 = 36.0;
const LINE: f64 = 16.0;
