//! A report as a table.

mod table;

use std::{cmp::Reverse, fmt};

use self::table::Table;
use super::{
    DifferenceGroup, Example, Paired, Report, RouteReport, TargetReport, counted::CLASSES, layers,
};
use crate::{
    latency::Latency,
    model::{NotComparedReason, Printable},
};

/// Characters of a name or a place that are shown.
const EXAMPLE: usize = 48;

/// Characters of a value that are shown, around the first difference.
const VALUE: usize = 32;

/// Rules that are suggested, and headers that are named.
const TOLD: usize = 10;

/// Routes that are shown: first those that differ most.
const ROUTES: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[
            Printable(&self.mirror).to_string().as_str(),
            "verdict",
            "compared",
            "matched",
            "noise",
            "mismatched",
            "schema_mismatch",
            "not_compared",
        ]);
        for target in &self.targets {
            let mut row = vec![
                Printable(&target.name).to_string(),
                target.verdict.to_string(),
            ];
            let counts = [
                target.compared,
                target.matched,
                target.noise,
                target.mismatched,
                target.schema_mismatch,
                target.not_compared,
            ];
            row.extend(counts.map(|count| count.to_string()));
            table.row(row);
        }
        write!(f, "{table}")?;
        for target in &self.targets {
            write!(f, "\n{target}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TargetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {}: {}",
            Printable(&self.name),
            self.verdict,
            self.reason
        )?;
        if let Some(version) = &self.version {
            writeln!(f, "version: {}", Printable(version))?;
        }
        let classes = CLASSES.iter().zip(self.by_class);
        let classes: Vec<_> = classes.filter(|(_, count)| *count > 0).collect();
        if classes.iter().any(|(class, _)| **class != "2xx") {
            let classes = classes
                .iter()
                .map(|(class, count)| format!("{class} {count}"));
            writeln!(f, "compared: {}", classes.collect::<Vec<_>>().join(", "))?;
        }
        for (i, (reason, count)) in self.reasons().enumerate() {
            write!(
                f,
                "{}{reason} {count}",
                if i == 0 { "not compared: " } else { ", " }
            )?;
        }
        if self.not_compared > 0 {
            writeln!(f)?;
        }
        if self.not_compared_for(NotComparedReason::Encoding) > 0 {
            let option = "accept_encoding = \"comparable\"";
            writeln!(
                f,
                "help: with `{option}`, copies ask for encodings that can be undone"
            )?;
        }
        if self.unanswered.count() > 0 {
            writeln!(f, "not answered: {}", self.unanswered)?;
        }
        let Paired { n, b, c } = self.slow;
        if b > 0 {
            let whose = if self.baseline_latency.count() > 0 {
                "baseline"
            } else {
                "primary"
            };
            writeln!(f, "slow of {n}: shadow {b}, {whose} {c}")?;
        }
        if self.primary_latency.count() > 0 {
            write!(f, "\n{}", self.latencies())?;
        }
        if !self.groups.is_empty() {
            write!(f, "\n{}", differences(&self.groups))?;
        }
        if self.other_differences > 0 {
            writeln!(
                f,
                "and {} differences at other places",
                self.other_differences
            )?;
        }
        self.advice(f)?;
        for shape in &self.shapes {
            writeln!(f, "foreign to the old version: {shape}")?;
        }
        let mut routes: Vec<_> = self.routes.iter().collect();
        if routes.len() > 1 {
            routes
                .sort_by_key(|route| Reverse((route.differ + route.not_compared, route.compared)));
            write!(f, "\n{}", self::routes(&routes))?;
        }
        Ok(())
    }
}

impl TargetReport {
    /// What its reader may do about it.
    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.uncompared_headers.is_empty() {
            f.write_str("headers that differ and were not compared: ")?;
            let headers = self.uncompared_headers.iter().take(TOLD);
            let headers = headers.map(|(name, count)| format!("{name} {count}"));
            f.write_str(&headers.collect::<Vec<_>>().join(", "))?;
            match self.uncompared_headers.len().saturating_sub(TOLD) {
                0 => writeln!(f)?,
                more => writeln!(f, " and {more} more")?,
            }
        }
        if let Some(layers) = layers::of_all_responses(self) {
            writeln!(f, "{layers}")?;
        }
        for rule in &self.unused_rules {
            writeln!(f, "a rule that has met nothing so far: {}", Printable(rule))?;
        }
        if !self.suggestions.is_empty() {
            let mut table = Table::new(&["if these may differ", "settles", "mismatches"]);
            for suggestion in self.suggestions.iter().take(TOLD) {
                // Another difference is left in each of them.
                let settled = match suggestion.settled {
                    0 => "only with others".to_owned(),
                    settled => settled.to_string(),
                };
                let mismatches = suggestion.mismatches.to_string();
                table.row(vec![suggestion.to_string(), settled, mismatches]);
            }
            write!(f, "\n{table}")?;
        }
        Ok(())
    }

    fn latencies(&self) -> Table {
        let mut table = Table::new(&["latency", "p50", "p95", "p99"]);
        let all: [(&str, &Latency); 3] = [
            ("primary", &self.primary_latency),
            ("shadow", &self.shadow_latency),
            ("baseline", &self.baseline_latency),
        ];
        for (name, latency) in all {
            if latency.count() > 0 {
                let mut row = vec![name.to_owned()];
                row.extend([0.5, 0.95, 0.99].map(|share| {
                    let duration = latency.quantile(share);
                    duration.map_or_else(String::new, |duration| format!("{duration:.1?}"))
                }));
                table.row(row);
            }
        }
        table
    }
}

fn routes(routes: &[&RouteReport]) -> Table {
    let mut table = Table::new(&["route", "compared", "differ", "not_compared"]);
    for route in routes.iter().take(ROUTES) {
        let mut row = vec![shortened(Printable(&route.route).to_string())];
        let counts = [route.compared, route.differ, route.not_compared];
        row.extend(counts.map(|count| count.to_string()));
        table.row(row);
    }
    if let Some(more) = routes.len().checked_sub(ROUTES).filter(|more| *more > 0) {
        table.row(vec![format!("and {more} more routes")]);
    }
    table
}

fn differences(groups: &[DifferenceGroup]) -> Table {
    let head = [
        "differences",
        "kind",
        "responses",
        "noise",
        "first",
        "last",
        "request",
    ];
    let mut table = Table::new(&head);
    for group in groups {
        let pointer = Printable(group.place()).to_string();
        let noise = if group.noise { "noise" } else { "" };
        let [first, last] = [&group.first, &group.last].map(|example| example.as_ref().map(shown));
        let request = group.first.as_ref().map(Example::request);
        table.row(vec![
            shortened(pointer),
            group.kind.to_string(),
            group.comparisons.to_string(),
            noise.to_owned(),
            first.clone().unwrap_or_default(),
            last.filter(|last| Some(last) != first.as_ref())
                .unwrap_or_default(),
            request.unwrap_or_default(),
        ]);
    }
    table
}

/// `12.5 -> 13`
fn shown(example: &Example) -> String {
    example.difference.in_short(VALUE)
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(EXAMPLE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
