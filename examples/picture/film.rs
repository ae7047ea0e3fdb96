//! A moving picture: one SVG that a browser plays by itself, with CSS and without a script, as an image may.
//!
//! A piece of a row that stands on several frames is in the file once, and a piece that stands in several places (a
//! feed that moves down) is drawn once. Whoever asks for no movement sees the poster.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use crate::svg::{CELL, MARGIN, Paper, open, pieces};

/// The room for the caption, in pixels.
const CAPTION: u32 = 34;

/// Where a piece stands, and which.
type Placed = ((u32, u32), usize);

struct Frame {
    millis: u64,
    placed: Vec<Placed>,
}

pub(crate) struct Film {
    pub(crate) name: String,
    size: (u16, u16),
    paper: Paper,
    frames: Vec<Frame>,
    shapes: Vec<String>,
    known: HashMap<String, usize>,
    caption: String,
    poster: usize,
}

impl Film {
    pub(crate) fn new(name: String, size: (u16, u16), paper: Paper) -> Self {
        Self {
            name,
            size,
            paper,
            frames: Vec::new(),
            shapes: Vec::new(),
            known: HashMap::new(),
            caption: String::new(),
            poster: 0,
        }
    }

    /// What stands under the picture from now on.
    pub(crate) fn caption(&mut self, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.caption = format!(
            "<text x=\"2\" y=\"23\" font-family=\"'DejaVu Sans',Helvetica,Arial,sans-serif\" font-size=\"17\" \
             fill=\"{}\">{text}</text>",
            self.paper.foreground
        );
    }

    /// The last frame is the one for those who want no movement.
    pub(crate) fn poster(&mut self) {
        self.poster = self.frames.len().saturating_sub(1);
    }

    /// Takes a frame that stands for `time`, or lets the last one stand longer where nothing has changed.
    pub(crate) fn shoot(&mut self, screen: &vt100::Screen, time: Duration) {
        let mut placed = Vec::new();
        for row in 0..self.size.1 {
            for piece in pieces(screen, row, self.paper) {
                let place = piece.place();
                placed.push((place, self.shape(piece.shapes)));
            }
        }
        if !self.caption.is_empty() {
            let caption = self.shape(self.caption.clone());
            placed.push(((MARGIN, MARGIN + u32::from(self.size.1) * CELL.1), caption));
        }
        let millis = u64::try_from(time.as_millis()).unwrap_or_default();
        match self.frames.last_mut() {
            Some(last) if last.placed == placed => last.millis += millis,
            _ => self.frames.push(Frame { millis, placed }),
        }
    }

    fn shape(&mut self, shapes: String) -> usize {
        *self.known.entry(shapes).or_insert_with_key(|shapes| {
            self.shapes.push(shapes.clone());
            self.shapes.len() - 1
        })
    }

    fn open(&self) -> String {
        open(self.size.0, u32::from(self.size.1) * CELL.1 + CAPTION, self.paper)
    }

    /// Each frame as a still.
    pub(crate) fn frames(&self) -> Vec<(String, String)> {
        let draw = |frame: &Frame| {
            let mut out = self.open();
            for ((x, y), shape) in &frame.placed {
                let _ = write!(out, "<g transform=\"translate({x} {y})\">{}</g>", self.shapes[*shape]);
            }
            out + "</svg>\n"
        };
        let named = |(number, frame)| (format!("{}-{number:03}", self.name), draw(frame));
        self.frames.iter().enumerate().map(named).collect()
    }

    /// The moving picture.
    pub(crate) fn svg(&self) -> String {
        let total = self.frames.iter().map(|frame| frame.millis).sum::<u64>().max(1);
        let mut out = self.open();
        out.push_str("\n<style>");
        let _ = write!(
            out,
            ".m{{visibility:hidden}}.p{{visibility:visible}}\
             @media (prefers-reduced-motion:no-preference){{.m{{animation:{total}ms step-end infinite}}"
        );
        let spans = self.spans();
        let mut groups = String::new();
        for (number, ((from, to), uses)) in spans.iter().enumerate() {
            let always = *from == 0 && *to == total;
            if !always {
                let _ = write!(out, ".k{number}{{animation-name:k{number}}}");
            }
            let poster = self.poster_at();
            let seen = if (*from..*to).contains(&poster) { "p" } else { "" };
            let class = if always { "p".to_owned() } else { format!("m k{number} {seen}") };
            let _ = write!(groups, "<g class=\"{}\">", class.trim_end());
            for ((x, y), shape) in uses {
                let _ = write!(groups, "<use href=\"#s{shape}\" x=\"{x}\" y=\"{y}\"/>");
            }
            groups.push_str("</g>\n");
        }
        out.push('}');
        for (number, (from, to)) in spans.keys().enumerate() {
            let _ = write!(out, "@keyframes k{number}{{0%{{visibility:");
            match *from {
                0 => out.push_str("visible}"),
                _ => {
                    let _ = write!(out, "hidden}}{}{{visibility:visible}}", percent(*from, total));
                }
            }
            if *to < total {
                let _ = write!(out, "{}{{visibility:hidden}}", percent(*to, total));
            }
            let _ = write!(out, "100%{{visibility:{}}}}}", if *to < total { "hidden" } else { "visible" });
        }
        out.push_str("</style>\n<defs>");
        for (number, shapes) in self.shapes.iter().enumerate() {
            let _ = writeln!(out, "<g id=\"s{number}\">{shapes}</g>");
        }
        out.push_str("</defs>\n");
        out.push_str(&groups);
        out.push_str("</svg>\n");
        out
    }

    fn poster_at(&self) -> u64 {
        self.frames[..self.poster].iter().map(|frame| frame.millis).sum()
    }

    /// What is seen from when to when, in milliseconds.
    fn spans(&self) -> BTreeMap<(u64, u64), Vec<Placed>> {
        let mut spans: BTreeMap<(u64, u64), Vec<Placed>> = BTreeMap::new();
        let mut seen: BTreeMap<Placed, u64> = BTreeMap::new();
        let mut now = 0;
        for frame in &self.frames {
            let ended: Vec<Placed> = seen.keys().filter(|one| !frame.placed.contains(one)).copied().collect();
            for one in ended {
                let from = seen.remove(&one).unwrap_or_default();
                spans.entry((from, now)).or_default().push(one);
            }
            for one in &frame.placed {
                seen.entry(*one).or_insert(now);
            }
            now += frame.millis;
        }
        for (one, from) in seen {
            spans.entry((from, now)).or_default().push(one);
        }
        spans
    }
}

/// A share of the whole, to the thousandth of a percent.
fn percent(part: u64, total: u64) -> String {
    let thousandths = part * 100_000 / total;
    format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000)
}
