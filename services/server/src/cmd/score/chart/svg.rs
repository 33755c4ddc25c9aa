//! A plot as inline SVG: two axes, lines, a band. Colours are classes, so that the page's theme decides.

use std::fmt::Write;

/// The size of a plot with its axes, in user units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
/// Room for the axes.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// Places on the horizontal axis by name, evenly spaced, and a scale on the vertical.
pub(super) struct Plot {
    svg: String,
    columns: usize,
    low: f64,
    high: f64,
}

impl Plot {
    /// Axes from `low` to `high` with a line and a number at every `step`.
    pub(super) fn new(title: &str, columns: &[&str], [low, high]: [f64; 2], step: f64, unit: &str) -> Self {
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(title)
        );
        let mut plot = Self { svg: String::new(), columns: columns.len(), low, high };
        let mut at = (low / step).ceil() * step;
        while at <= high + step * 1e-6 {
            let y = plot.y(at);
            let _ = writeln!(
                svg,
                "<line class=\"{}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{at:.0}</text>",
                if at.abs() < step * 1e-6 { "zero" } else { "grid" },
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
            at += step;
        }
        for (column, name) in columns.iter().enumerate() {
            let (x, y) = (plot.x(column), HEIGHT - BOTTOM + 18.0);
            let _ = writeln!(
                svg,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>"
            );
        }
        let _ = writeln!(
            svg,
            "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">minutes to go</text>\
             <text class=\"axis\" x=\"14\" y=\"{}\" text-anchor=\"middle\" \
             transform=\"rotate(-90 14 {2})\">{unit}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 4.0,
            (TOP + HEIGHT - BOTTOM) / 2.0
        );
        plot.svg = svg;
        plot
    }

    fn x(&self, column: usize) -> f64 {
        let pitch = (WIDTH - LEFT - RIGHT) / self.columns.max(1) as f64;
        LEFT + pitch * (column as f64 + 0.5)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    /// A line through the values there are, with a dot and a tooltip at each.
    pub(super) fn line(&mut self, class: &str, name: &str, values: &[Option<f64>]) {
        let points: Vec<(f64, f64, f64)> = values
            .iter()
            .enumerate()
            .filter_map(|(column, value)| value.map(|value| (self.x(column), self.y(value), value)))
            .collect();
        let path: Vec<String> = points.iter().map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.svg, "<g class=\"{class}\"><polyline points=\"{}\"/>", path.join(" "));
        for (x, y, value) in points {
            let name = escaped(name);
            let _ = writeln!(
                self.svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{name}: {value:.1}</title></circle>"
            );
        }
        self.svg.push_str("</g>\n");
    }

    /// A filled band between two values over the whole width.
    pub(super) fn band(&mut self, low: f64, high: f64) {
        let (top, bottom) = (self.y(high), self.y(low));
        let _ = writeln!(
            self.svg,
            "<rect class=\"wanted\" x=\"{LEFT}\" width=\"{}\" y=\"{top:.1}\" height=\"{:.1}\"/>",
            WIDTH - LEFT - RIGHT,
            bottom - top
        );
    }

    /// A dashed line at a value over the whole width.
    pub(super) fn level(&mut self, value: f64) {
        let y = self.y(value);
        let x = WIDTH - RIGHT;
        let _ = writeln!(
            self.svg,
            "<line class=\"level\" x1=\"{LEFT}\" x2=\"{x}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
        );
    }

    /// A filled area between two lines, where both have a value.
    pub(super) fn fan(&mut self, low: &[Option<f64>], high: &[Option<f64>]) {
        let both = low.iter().zip(high).enumerate();
        let both: Vec<(usize, f64, f64)> =
            both.filter_map(|(column, (low, high))| Some((column, (*low)?, (*high)?))).collect();
        let there =
            both.iter().map(|(column, _, high)| format!("{:.1},{:.1}", self.x(*column), self.y(*high)));
        let back =
            both.iter().rev().map(|(column, low, _)| format!("{:.1},{:.1}", self.x(*column), self.y(*low)));
        let points: Vec<String> = there.chain(back).collect();
        let _ = writeln!(self.svg, "<polygon class=\"fan\" points=\"{}\"/>", points.join(" "));
    }

    /// The finished picture.
    pub(super) fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// Text as it may stand in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A round step that parts `range` into about five.
pub(super) fn step(range: f64) -> f64 {
    let rough = (range / 5.0).max(1e-9);
    let ten = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * ten).find(|step| *step >= rough).unwrap_or(rough)
}
