//! One chart of the run: what mirroring leaves of a primary, by shadow, beside the peers.

use std::fmt::Write as _;

use super::{
    figures::Figures,
    scenario::{Primary, Scenario, Shadow},
};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 60.0;
const PANEL: f64 = 190.0;
const GAP: f64 = 80.0;
const TOP: f64 = 70.0;

/// Of each primary, told apart without their hue too.
const COLOURS: [&str; 6] = [
    "#999999", "#0b6e4f", "#d1495b", "#edae49", "#30638e", "#7b5ea7",
];

/// A figure for each shadow and primary.
struct Panel<'a> {
    title: &'static str,
    /// The end of its scale; what is above is cut, with its value beside.
    top: f64,
    decimals: usize,
    value: &'a dyn Fn(Primary, Shadow) -> f64,
}

pub(crate) fn svg(figures: &Figures) -> String {
    let throughput = |primary, shadow| {
        figures.of_unmirrored(Scenario::new(primary, shadow), |run| run.throughput)
    };
    let p99 = |primary, shadow| {
        let steady = Scenario::steady(primary, shadow);
        figures.of_unmirrored(steady, |run| run.p99)
    };
    let memory = |primary, shadow| figures.memory_over(Scenario::new(primary, shadow)).max(0.0);
    let most = Primary::IN_PROCESS.map(|primary| Shadow::ALL.map(|shadow| memory(primary, shadow)));
    let most = most.into_iter().flatten().fold(1.0, f64::max);
    // A scale of whole numbers.
    let most = (most / 40.0).ceil() * 40.0;
    let panels = [
        Panel {
            title: "throughput, of the same server unmirrored (more is better)",
            top: 1.0,
            decimals: 2,
            value: &throughput,
        },
        Panel {
            title: "p99 at a steady 2,000 requests a second, of the same server unmirrored (less is better)",
            top: 5.0,
            decimals: 1,
            value: &p99,
        },
        Panel {
            title: "peak memory over the same server unmirrored, MiB (less is better)",
            top: most,
            decimals: 0,
            value: &memory,
        },
    ];
    let mut primaries = Primary::IN_PROCESS.to_vec();
    primaries.extend(figures.peers.iter().map(|(peer, _)| *peer));
    let height = TOP + (PANEL + GAP) * 3.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">POST of 1 KiB, every request mirrored, by what the shadow does</text>\n"
    );
    legend(&mut svg, &primaries);
    let mut bottom = TOP;
    for panel in &panels {
        bottom += PANEL + GAP / 2.0;
        panel.draw(&mut svg, bottom, &primaries);
        bottom += GAP / 2.0;
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, primaries: &[Primary]) {
    for (i, primary) in (0_u8..).zip(primaries) {
        let x = LEFT + f64::from(i) * 165.0;
        let colour = COLOURS[*primary as usize];
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"40\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"51\">{}</text>",
            x + 18.0,
            primary.name()
        );
    }
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String, bottom: f64, primaries: &[Primary]) {
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>",
            bottom - PANEL - 18.0,
            self.title
        );
        for line in 0..=4_u8 {
            let share = f64::from(line) / 4.0;
            let y = bottom - PANEL * share;
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#dddddd\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                WIDTH - 20.0,
                LEFT - 6.0,
                y + 4.0,
                self.top * share
            );
        }
        let group = (WIDTH - LEFT - 20.0) / 4.0;
        for (i, shadow) in (0_u8..).zip(Shadow::ALL) {
            let left = LEFT + group * f64::from(i);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                left + group / 2.0,
                bottom + 16.0,
                shadow.name()
            );
            for (j, primary) in (0_u8..).zip(primaries) {
                let value = (self.value)(*primary, shadow);
                if value.is_finite() {
                    self.bar(
                        svg,
                        left + 12.0 + 40.0 * f64::from(j),
                        bottom,
                        *primary,
                        value,
                    );
                }
            }
        }
    }

    fn bar(&self, svg: &mut String, x: f64, bottom: f64, primary: Primary, value: f64) {
        let height = PANEL * (value / self.top).clamp(0.0, 1.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"34\" height=\"{height}\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10\">{value:.*}</text>",
            bottom - height,
            COLOURS[primary as usize],
            x + 17.0,
            bottom - height - 3.0,
            self.decimals
        );
    }
}
