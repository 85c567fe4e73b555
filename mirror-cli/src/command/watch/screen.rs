//! Draws the model.

use std::time::Instant;

use mirror_dashboard::snapshot::Verdict;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph, Wrap},
};

use super::{
    super::said,
    model::Model,
    row::{self, Row, State},
};

/// The lines of details, with the one above them.
const DETAILS: u16 = 8;

/// What there is of a fleet beside that: its instances, and what is set for all of them.
const OF_FLEET: u16 = 3;

/// A screen that is lower shows no details.
const WITH_DETAILS: u16 = 18;

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, model: &mut Model, now: Instant) {
    let area = frame.area();
    let of_fleet = if model.of_fleet { OF_FLEET } else { 0 };
    let details = if area.height >= WITH_DETAILS + of_fleet && !model.shown.is_empty() {
        DETAILS + of_fleet
    } else {
        0
    };
    let [title, status, table, below, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(details),
        Constraint::Length(1),
    ])
    .areas(area);
    let paint = Paint(!model.is_plain);
    frame.render_widget(self::title(model, title.width), title);
    frame.render_widget(self::status(model, paint, now), status);
    self::table(frame, model, paint, table);
    if let Some(row) = model.selected_row()
        && details > 0
    {
        frame.render_widget(self::details(row, paint), below);
    }
    frame.render_widget(self::keys(model), keys);
}

/// Colours, or none. Nothing is said by a colour alone.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    const fn colour(self, colour: Color) -> Style {
        if self.0 {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    const fn verdict(self, verdict: Option<Verdict>) -> Style {
        match verdict {
            Some(Verdict::Promote) => self.colour(Color::Green),
            Some(Verdict::Regressed) => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Some(Verdict::Hold) => self.colour(Color::Yellow),
            _ => Style::new(),
        }
    }

    const fn state(self, state: State) -> Style {
        match state {
            State::On => Style::new(),
            State::Off | State::CircuitOpen => self.colour(Color::Red),
            State::NoTraffic => DIM,
        }
    }
}

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

fn title(model: &Model, width: u16) -> Line<'static> {
    let taken = model
        .heard
        .as_ref()
        .map_or(String::new(), |heard| heard.taken.clone());
    let of = if model.of_fleet { "  --fleet" } else { "" };
    let left = format!("mirror watch{of}  {}", model.url);
    let room = usize::from(width).saturating_sub(taken.len() + 1);
    let left = fit(&left, room);
    let gap = usize::from(width).saturating_sub(width_of(&left) + taken.len());
    Line::styled(format!("{left}{}{taken}", " ".repeat(gap)), BOLD)
}

/// How it stands, or why it is not known how it stands.
fn status(model: &Model, paint: Paint, now: Instant) -> Line<'static> {
    let Some(heard) = &model.heard else {
        // The reason has room below.
        let known = model.trouble.is_some();
        return Line::raw(if known {
            "trying again .."
        } else {
            "asking .."
        });
    };
    if let Some(trouble) = &model.trouble {
        let age = now.saturating_duration_since(heard.at).as_secs();
        return Line::styled(
            format!("no contact for {age} s; trying again: {}", trouble.text),
            paint.colour(Color::Red),
        );
    }
    if let Some(old) = &heard.old {
        return Line::styled(old.clone(), paint.colour(Color::Red));
    }
    let of = |verdict| {
        let rows = model.rows.iter();
        rows.filter(|row| row.verdict == Some(verdict)).count()
    };
    let mut spans = vec![Span::raw(format!(
        "{}, {}",
        number(heard.mirrors, "mirror"),
        number(model.rows.len(), "target")
    ))];
    for verdict in [
        Verdict::Regressed,
        Verdict::Hold,
        Verdict::NotEnoughData,
        Verdict::Promote,
    ] {
        let count = of(verdict);
        if count > 0 {
            spans.push(Span::raw(" · "));
            let words = short(verdict.as_str());
            spans.push(Span::styled(
                format!("{count} {words}"),
                paint.verdict(Some(verdict)),
            ));
        }
    }
    let off = model
        .rows
        .iter()
        .filter(|row| row.state == State::Off)
        .count();
    if off > 0 {
        spans.push(Span::raw(" · "));
        spans.push(Span::styled(format!("{off} off"), paint.state(State::Off)));
    }
    // Those of a fleet are not known.
    if !model.of_fleet {
        let rates: f64 = model.rows.iter().filter_map(|row| row.rate).sum();
        spans.push(Span::raw(format!(" · {} copies/s", row::rate(Some(rates)))));
    }
    if heard.restarts > 0 {
        spans.push(Span::raw(format!(" · restarted {} x", heard.restarts)));
    }
    Line::from(spans)
}

fn number(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A verdict in a narrow column.
fn short(verdict: &str) -> &str {
    if verdict == Verdict::NotEnoughData.as_str() {
        return "not enough";
    }
    verdict
}

/// A column: its heading, its width, and the screen from which on it is there.
struct Column {
    heading: &'static str,
    width: usize,
    from: usize,
    /// Whether it is there for a fleet, or for one process; `None`: for both.
    of_fleet: Option<bool>,
    is_number: bool,
    cell: fn(&Row, Paint) -> (String, Style),
}

const COLUMNS: [Column; 12] = [
    Column {
        heading: "VERDICT",
        width: 10,
        from: 0,
        of_fleet: None,
        is_number: false,
        cell: |row, paint| (short(row.verdict()).to_owned(), paint.verdict(row.verdict)),
    },
    Column {
        heading: "SHARE",
        width: 6,
        from: 0,
        of_fleet: None,
        is_number: true,
        cell: |row, _| (said::percentage(row.share), Style::new()),
    },
    Column {
        heading: "/S",
        width: 6,
        from: 0,
        of_fleet: Some(false),
        is_number: true,
        cell: |row, _| (row::rate(row.rate), Style::new()),
    },
    Column {
        heading: "RUN",
        width: 7,
        from: 0,
        of_fleet: Some(true),
        is_number: true,
        cell: |row, _| {
            let running = row.fleet.as_ref().map(|fleet| fleet.running.clone());
            (running.unwrap_or_default(), Style::new())
        },
    },
    Column {
        heading: "SENT",
        width: 6,
        from: 110,
        of_fleet: None,
        is_number: true,
        cell: |row, _| (row::count(row.sent), Style::new()),
    },
    Column {
        heading: "FAILED",
        width: 6,
        from: 0,
        of_fleet: None,
        is_number: true,
        cell: |row, paint| (row::count(row.failed), trouble(row.failed, paint)),
    },
    Column {
        heading: "SHED",
        width: 6,
        from: 110,
        of_fleet: None,
        is_number: true,
        cell: |row, paint| (row::count(row.shed), trouble(row.shed, paint)),
    },
    Column {
        heading: "COMPARED",
        width: 8,
        from: 110,
        of_fleet: None,
        is_number: true,
        cell: |row, _| (row::count(row.compared), Style::new()),
    },
    Column {
        heading: "DIFFER",
        width: 6,
        from: 0,
        of_fleet: None,
        is_number: true,
        cell: |row, paint| (row::count(row.differ), trouble(row.differ, paint)),
    },
    Column {
        heading: "P95",
        width: 6,
        from: 130,
        of_fleet: None,
        is_number: true,
        cell: |row, _| (row::time(row.latency.p95_us), Style::new()),
    },
    Column {
        heading: "PRIMARY",
        width: 7,
        from: 130,
        of_fleet: Some(false),
        is_number: true,
        cell: |row, _| (row::time(row.primary.p95_us), Style::new()),
    },
    Column {
        heading: "STATE",
        width: 7,
        from: 0,
        of_fleet: None,
        is_number: false,
        cell: |row, paint| (row.state.as_str().to_owned(), paint.state(row.state)),
    },
];

/// Reasons are shown beside the numbers if there is so much room for them.
const REASON: usize = 30;

/// A screen has room for reasons from here on.
const WITH_REASON: usize = 160;

fn trouble(count: u64, paint: Paint) -> Style {
    if count > 0 {
        paint.colour(Color::Yellow)
    } else {
        DIM
    }
}

fn table(frame: &mut Frame<'_>, model: &mut Model, paint: Paint, area: Rect) {
    if model.shown.is_empty() {
        frame.render_widget(empty(model).wrap(Wrap { trim: true }), area);
        return;
    }
    model.fit(usize::from(area.height.saturating_sub(1)));
    let width = usize::from(area.width);
    let columns: Vec<_> = COLUMNS
        .iter()
        .filter(|column| width >= column.from)
        .filter(|column| column.of_fleet.is_none_or(|of| of == model.of_fleet))
        .collect();
    let fixed: usize = columns.iter().map(|column| column.width + 1).sum();
    let reason = if width >= WITH_REASON { REASON } else { 0 };
    let room = width.saturating_sub(fixed + 1 + reason);
    let (mirror, target) = names(model, room);
    let reason = width.saturating_sub(fixed + 1 + mirror + target + 1);

    let heading = |text: &str, width, is_number| pad(text, width, is_number) + " ";
    let mut header = heading("MIRROR", mirror, false) + &heading("TARGET", target, false);
    for column in &columns {
        header += &heading(column.heading, column.width, column.is_number);
    }
    if width >= WITH_REASON {
        header += "REASON";
    }
    let mut lines = vec![Line::styled(header, DIM)];
    let seen = model
        .shown
        .iter()
        .enumerate()
        .skip(model.offset)
        .take(model.page);
    for (place, row) in seen {
        let row = &model.rows[*row];
        let mut spans = vec![
            Span::raw(pad(&row.mirror, mirror, false) + " "),
            Span::raw(pad(&row.target, target, false) + " "),
        ];
        for column in &columns {
            let (text, style) = (column.cell)(row, paint);
            spans.push(Span::styled(
                pad(&text, column.width, column.is_number),
                style,
            ));
            spans.push(Span::raw(" "));
        }
        if width >= WITH_REASON {
            spans.push(Span::styled(cut(&row.reason, reason), DIM));
        }
        let line = Line::from(spans);
        lines.push(if place == model.selected {
            line.style(Style::new().add_modifier(Modifier::REVERSED))
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The widths of the two names: what they need, or an even share of what there is.
fn names(model: &Model, room: usize) -> (usize, usize) {
    let room = room.saturating_sub(1);
    let longest = |name: fn(&Row) -> &str, heading: &str| {
        let names = model
            .shown
            .iter()
            .map(|row| width_of(name(&model.rows[*row])));
        names.max().unwrap_or(0).max(heading.len())
    };
    let mirror = longest(|row| &row.mirror, "MIRROR");
    let target = longest(|row| &row.target, "TARGET");
    let half = room / 2;
    if mirror + target <= room {
        (mirror, target)
    } else if mirror <= half {
        (mirror, room - mirror)
    } else if target <= half {
        (room - target, target)
    } else {
        (room - half, half)
    }
}

fn empty(model: &Model) -> Paragraph<'static> {
    let text = if model.heard.is_none() {
        let trouble = model.trouble.as_ref();
        trouble.map_or_else(String::new, |trouble| trouble.text.clone())
    } else if model.rows.is_empty() {
        "The program has no mirrors yet: put `#[mirror(targets = [..])]` on a handler.".to_owned()
    } else {
        format!("Nothing matches `{}`: Esc shows all.", model.filter)
    };
    Paragraph::new(vec![Line::raw(""), Line::raw(text)])
}

fn details(row: &Row, paint: Paint) -> Paragraph<'static> {
    let place = if row.place.is_empty() {
        String::new()
    } else {
        format!("  {}", row.place)
    };
    let verdict = Line::from(vec![
        Span::styled(row.verdict().to_owned(), paint.verdict(row.verdict)),
        Span::raw(format!(": {}", row.reason)),
    ]);
    let received = format!(
        "received {} = sent {} + skipped {} + shed {}",
        row.received, row.sent, row.skipped, row.shed
    );
    let sent = format!(
        "sent = answered {} + failed {} + in flight {}; compared {}, differ {}",
        row.answered, row.failed, row.in_flight, row.compared, row.differ
    );
    let reasons = [("failed", &row.failed_by), ("shed", &row.shed_by)];
    let reasons = reasons.into_iter().filter(|(_, by)| !by.is_empty());
    let reasons: Vec<_> = reasons.map(|(what, by)| format!("{what}: {by}")).collect();
    let (here, primary) = match &row.fleet {
        Some(_) => ("in the instance that was asked: ", String::new()),
        None => ("", format!("; primary {}", row::quantiles(&row.primary))),
    };
    let mut lines = vec![
        verdict,
        Line::from(vec![
            Span::raw(format!("{here}switch ")),
            Span::styled(row.switch_said.clone(), paint.state(row.state)),
            Span::raw(format!("; share {}", row.share_said)),
        ]),
        Line::raw(received),
        Line::raw(sent),
        Line::raw(format!(
            "p50 / p95 / p99: {}{primary}",
            row::quantiles(&row.latency),
        )),
        Line::raw(reasons.join("; ")),
    ];
    if let Some(fleet) = &row.fleet {
        let told = match &fleet.set[..] {
            [] => said::fleet(&[]).join(""),
            told => told.join("; "),
        };
        // Above what may be cut off below.
        lines.insert(1, Line::raw(fleet.instances.clone()));
        lines.insert(2, Line::raw(told));
    }
    let title = Line::styled(format!(" {} -> {}{place} ", row.mirror, row.target), BOLD);
    let block = Block::new().borders(Borders::TOP).title(title);
    Paragraph::new(lines).block(block).wrap(Wrap { trim: true })
}

fn keys(model: &Model) -> Line<'static> {
    if model.is_filtering {
        return Line::from(vec![
            Span::raw(format!("/{}", model.filter)),
            Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)),
            Span::styled("  Enter keep  Esc all", DIM),
        ]);
    }
    let order = if model.is_reversed { ", reversed" } else { "" };
    let mut keys = format!(
        "q quit  / filter  s sort ({}{order})  r reverse",
        model.sort.as_str()
    );
    if !model.filter.is_empty() {
        keys.extend(["  Esc all  [", &model.filter, "]"]);
    }
    if !model.shown.is_empty() {
        let place = format!("  {}/{}", model.selected + 1, model.shown.len());
        keys.push_str(&place);
    }
    Line::styled(keys, DIM)
}

fn width_of(text: &str) -> usize {
    Span::raw(text).width()
}

/// Text of a width: names lose their beginning, because they differ at the end.
fn pad(text: &str, width: usize, is_number: bool) -> String {
    let text = fit(text, width);
    let gap = " ".repeat(width.saturating_sub(width_of(&text)));
    if is_number { gap + &text } else { text + &gap }
}

/// The end of a text that is too long.
fn fit(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut rest = text.chars();
    while rest.next().is_some() {
        if width_of(rest.as_str()) < width {
            return format!("…{}", rest.as_str());
        }
    }
    String::new()
}

/// The beginning of a text that is too long.
fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width_of(&kept) >= width {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

#[cfg(test)]
mod tests;
