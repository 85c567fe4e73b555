//! How responses are compared, and how good they must be.

use std::{fs, path::PathBuf};

use mirror_replay::{ComparedBy, Speed, Thresholds, read_rules};

use crate::exit::{Exit, Stop};

/// The heading of [`Rules`] in help texts.
const COMPARING: &str = "Comparing";

/// How responses are compared: as the attribute of the mirror says it.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Rules {
    /// File with the rules: a fixture of the mirror, or JSON like `{"ignore": ["/at"]}`
    #[arg(long = "rules", value_name = "FILE", help_heading = COMPARING)]
    file: Option<PathBuf>,
    /// What must agree: status, json or bytes [default: json]
    #[arg(long, value_name = "MODE", value_parser = ["status", "json", "bytes"], help_heading = COMPARING)]
    compare: Option<String>,
    /// JSON pointer to a value that may differ
    #[arg(long, value_name = "POINTER", help_heading = COMPARING)]
    ignore: Vec<String>,
    /// JSON pointer to an array in any order
    #[arg(long, value_name = "POINTER", help_heading = COMPARING)]
    unordered: Vec<String>,
    /// JSON pointer to a number that may differ, and by how much, like /total=0.01
    #[arg(long, value_name = "POINTER=NUMBER", help_heading = COMPARING)]
    tolerance: Vec<String>,
    /// JSON pointer to a value that is neither shown nor compared
    #[arg(long, value_name = "POINTER", help_heading = COMPARING)]
    redact: Vec<String>,
    /// Header that must agree too
    #[arg(long, value_name = "NAME", help_heading = COMPARING)]
    compare_header: Vec<String>,
    /// Header that may differ, of those that are compared by default
    #[arg(long, value_name = "NAME", help_heading = COMPARING)]
    ignore_header: Vec<String>,
    /// Let 5.0 be the same as 5
    #[arg(long, help_heading = COMPARING)]
    ignore_zero_fraction: bool,
    /// Let a byte order mark be no difference
    #[arg(long, help_heading = COMPARING)]
    ignore_bom: bool,
    /// Bytes of the largest body that is compared [default: 262144]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=64 * 1024 * 1024), help_heading = COMPARING)]
    max_compare_body: Option<u64>,
    /// How many responses must have been compared for a verdict [default: 100]
    #[arg(long, value_name = "COUNT", help_heading = COMPARING)]
    min_compared: Option<u64>,
    /// How many different requests `promote` needs [default: 20]
    #[arg(long, value_name = "COUNT", help_heading = COMPARING)]
    min_distinct: Option<u64>,
    /// The share of responses that must match [default: 0.99]
    #[arg(long, value_name = "SHARE", help_heading = COMPARING)]
    promote_match_rate: Option<f64>,
    /// The share below which the build has regressed [default: 0.95]
    #[arg(long, value_name = "SHARE", help_heading = COMPARING)]
    regressed_match_rate: Option<f64>,
    /// How many times as long as recorded a response may take before it is slow; `inf` compares no
    /// latencies [default: 1.25, at `--speed max` inf]
    #[arg(long, value_name = "TIMES", help_heading = COMPARING)]
    slow_ratio: Option<f64>,
}

impl Rules {
    pub(super) fn read(&self, speed: Speed) -> Result<(ComparedBy, Thresholds), Stop> {
        let mut rules = match &self.file {
            Some(path) => {
                let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let file =
                    fs::read(path).map_err(|error| Stop::new(Exit::Usage, failed(&error)))?;
                read_rules(&file).map_err(|error| Stop::usage(failed(&error)))?
            }
            None => ComparedBy::default(),
        };
        if let Some(mode) = &self.compare {
            rules.mode.clone_from(mode);
        }
        rules.ignore.extend(self.ignore.iter().cloned());
        rules.unordered.extend(self.unordered.iter().cloned());
        rules.redact.extend(self.redact.iter().cloned());
        rules.headers.extend(self.compare_header.iter().cloned());
        rules.leave_out(&self.ignore_header);
        for tolerance in &self.tolerance {
            let Some((pointer, number)) = tolerance.rsplit_once('=') else {
                return Err(Stop::usage(format!(
                    "invalid value for `--tolerance`: `{tolerance}`: write `/total=0.01`"
                )));
            };
            rules
                .tolerance
                .push((pointer.to_owned(), number.to_owned()));
        }
        rules.ignore_zero_fraction |= self.ignore_zero_fraction;
        rules.ignore_bom |= self.ignore_bom;
        if let Some(bytes) = self.max_compare_body {
            rules.max_compare_body = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        Ok((rules, self.thresholds(speed)))
    }

    fn thresholds(&self, speed: Speed) -> Thresholds {
        let mut thresholds = Thresholds::default();
        if speed == Speed::Max {
            // Responses wait for one another: how long they take says nothing of the build.
            thresholds = thresholds.with_slow_ratio(f64::INFINITY);
        }
        if let Some(count) = self.min_compared {
            thresholds = thresholds.with_min_compared(count);
        }
        if let Some(count) = self.min_distinct {
            thresholds = thresholds.with_min_distinct(count);
        }
        if let Some(share) = self.promote_match_rate {
            thresholds = thresholds.with_promote_match_rate(share);
        }
        if let Some(share) = self.regressed_match_rate {
            thresholds = thresholds.with_regressed_match_rate(share);
        }
        if let Some(ratio) = self.slow_ratio {
            thresholds = thresholds.with_slow_ratio(ratio);
        }
        thresholds
    }

    /// What tells these rules from others.
    pub(super) fn told(&self) -> String {
        format!("{self:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_full_speed_latencies_are_compared_if_somebody_wants_it() {
        let is_judged = |rules: &Rules, speed| rules.thresholds(speed).slow_ratio.is_finite();
        let mut rules = Rules::default();
        assert!(is_judged(&rules, Speed::Times(10.0)));
        assert!(!is_judged(&rules, Speed::Max));
        rules.slow_ratio = Some(2.0);
        assert!(is_judged(&rules, Speed::Max));
    }
}
