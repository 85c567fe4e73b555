//! What is on the screen, and what keys do to it.

use std::{
    cmp::{Ordering, Reverse},
    time::Instant,
};

use mirror_dashboard::snapshot::Verdict;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    super::said,
    feed::Heard,
    row::{Row, rows},
};
use crate::{client::Failure, text};

/// What a person types before they notice.
const MAX_FILTER: usize = 100;

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Model {
    pub(super) url: String,
    /// Colours are left out.
    pub(super) is_plain: bool,
    /// Whether it is about all instances of a fleet.
    pub(super) of_fleet: bool,
    /// All rows, as they came.
    pub(super) rows: Vec<Row>,
    /// The rows that are shown, in their order.
    pub(super) shown: Vec<usize>,
    pub(super) heard: Option<Known>,
    pub(super) trouble: Option<Failure>,
    pub(super) filter: String,
    pub(super) is_filtering: bool,
    pub(super) sort: Sort,
    pub(super) is_reversed: bool,
    /// The place among those that are shown.
    pub(super) selected: usize,
    /// The first that is seen.
    pub(super) offset: usize,
    /// How many are seen.
    pub(super) page: usize,
}

/// The last snapshot.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) at: Instant,
    pub(super) taken: String,
    pub(super) mirrors: usize,
    pub(super) process: String,
    /// How often the process has begun anew since.
    pub(super) restarts: u32,
    /// Why the numbers of all instances are old, if they are.
    pub(super) old: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Verdict,
    Name,
    Share,
    Rate,
    Failed,
    Differ,
}

impl Sort {
    const fn next(self) -> Self {
        match self {
            Self::Verdict => Self::Name,
            Self::Name => Self::Share,
            Self::Share => Self::Rate,
            Self::Rate => Self::Failed,
            Self::Failed => Self::Differ,
            Self::Differ => Self::Verdict,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Name => "name",
            Self::Share => "share",
            Self::Rate => "rate",
            Self::Failed => "failed",
            Self::Differ => "differ",
        }
    }

    /// What is worth a look comes first, and names decide the rest.
    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let largest = |one: f64, other: f64| other.total_cmp(&one);
        let first = match self {
            Self::Name => Ordering::Equal,
            Self::Verdict => {
                let distance = |row: &Row| Reverse(row.verdict.map(Verdict::distance));
                distance(one).cmp(&distance(other))
            }
            Self::Share => largest(one.share.unwrap_or(-1.0), other.share.unwrap_or(-1.0)),
            Self::Rate => largest(one.rate.unwrap_or(-1.0), other.rate.unwrap_or(-1.0)),
            Self::Failed => other.failed.cmp(&one.failed),
            Self::Differ => other.differ.cmp(&one.differ),
        };
        first
            .then_with(|| one.mirror.cmp(&other.mirror))
            .then_with(|| one.target.cmp(&other.target))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Goes,
    Ends,
}

impl Model {
    pub(super) fn new(url: &str, is_plain: bool, of_fleet: bool) -> Self {
        Self {
            url: text::name(url),
            is_plain,
            of_fleet,
            rows: Vec::new(),
            shown: Vec::new(),
            heard: None,
            trouble: None,
            filter: String::new(),
            is_filtering: false,
            sort: Sort::Verdict,
            is_reversed: false,
            selected: 0,
            offset: 0,
            page: 1,
        }
    }

    pub(super) fn hear(&mut self, heard: Result<Heard, Failure>, at: Instant) {
        match heard {
            Ok(heard) => {
                let snapshot = &heard.snapshot;
                let process = text::name(&snapshot.process);
                let restarts = self.heard.as_ref().map_or(0, |before| {
                    before.restarts + u32::from(before.process != process && !heard.of_fleet)
                });
                self.heard = Some(Known {
                    at,
                    taken: said::time(snapshot.taken_unix_ms / 1_000),
                    mirrors: snapshot.mirrors.len(),
                    process,
                    restarts,
                    old: heard.old.clone(),
                });
                self.trouble = None;
                let selected = self.selected_row().map(key);
                self.rows = rows(&heard);
                self.arrange(selected);
            }
            Err(failure) => self.trouble = Some(failure),
        }
    }

    /// The row whose details are shown.
    pub(super) fn selected_row(&self) -> Option<&Row> {
        self.rows.get(*self.shown.get(self.selected)?)
    }

    /// Chooses and orders what is shown. A row that was selected stays so, wherever it is now.
    fn arrange(&mut self, selected: Option<(String, String)>) {
        let filter = self.filter.to_lowercase();
        let rows = &self.rows;
        self.shown = (0..rows.len())
            .filter(|row| matches(&rows[*row], &filter))
            .collect();
        let sort = self.sort;
        self.shown
            .sort_by(|one, other| sort.compare(&rows[*one], &rows[*other]));
        if self.is_reversed {
            self.shown.reverse();
        }
        let place = selected.and_then(|selected| {
            let mut shown = self.shown.iter();
            shown.position(|row| key(&rows[*row]) == selected)
        });
        self.select(place.unwrap_or(self.selected));
    }

    fn select(&mut self, place: usize) {
        self.selected = place.min(self.shown.len().saturating_sub(1));
    }

    /// Keeps the selected row in sight, on a screen for so many.
    pub(super) fn fit(&mut self, page: usize) {
        self.page = page.max(1);
        let last = self.shown.len().saturating_sub(self.page);
        let first = self.selected.saturating_sub(self.page - 1);
        self.offset = self.offset.clamp(first, self.selected.max(first)).min(last);
    }

    pub(super) fn key(&mut self, event: KeyEvent) -> Flow {
        if event.kind == KeyEventKind::Release {
            return Flow::Goes;
        }
        let is_control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Char('c' | 'd') if is_control => return Flow::Ends,
            KeyCode::Down => self.select(self.selected + 1),
            KeyCode::Up => self.select(self.selected.saturating_sub(1)),
            KeyCode::PageDown => self.select(self.selected + self.page),
            KeyCode::PageUp => self.select(self.selected.saturating_sub(self.page)),
            KeyCode::Home => self.select(0),
            KeyCode::End => self.select(usize::MAX),
            code if self.is_filtering => self.type_filter(code),
            KeyCode::Char('q') => return Flow::Ends,
            KeyCode::Char('j') => self.select(self.selected + 1),
            KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::Char('/') => self.is_filtering = true,
            KeyCode::Esc => self.set_filter(String::new()),
            KeyCode::Char('s') => {
                self.sort = self.sort.next();
                self.rearrange();
            }
            KeyCode::Char('r') => {
                self.is_reversed = !self.is_reversed;
                self.rearrange();
            }
            _ => {}
        }
        Flow::Goes
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.is_filtering = false,
            KeyCode::Esc => {
                self.is_filtering = false;
                self.set_filter(String::new());
            }
            KeyCode::Backspace => {
                let mut filter = self.filter.clone();
                filter.pop();
                self.set_filter(filter);
            }
            KeyCode::Char(character)
                if !text::is_harmful(character) && self.filter.chars().count() < MAX_FILTER =>
            {
                self.set_filter(format!("{}{character}", self.filter));
            }
            _ => {}
        }
    }

    fn set_filter(&mut self, filter: String) {
        self.filter = filter;
        self.rearrange();
    }

    fn rearrange(&mut self) {
        let selected = self.selected_row().map(key);
        self.arrange(selected);
    }
}

fn key(row: &Row) -> (String, String) {
    (row.mirror.clone(), row.target.clone())
}

/// Whether each word of a filter is in a row.
fn matches(row: &Row, filter: &str) -> bool {
    let shown = [
        &*row.mirror,
        &*row.target,
        row.verdict(),
        row.state.as_str(),
    ];
    filter.split_whitespace().all(|word| {
        shown
            .iter()
            .any(|shown| shown.to_lowercase().contains(word))
    })
}
