//! Comparing two values of JSON, side by side.

mod align;
mod hash;
mod settle;
mod unordered;

use std::cmp::Ordering;

pub(crate) use self::settle::settled;

use crate::{
    engine::{
        budget::{Budget, Spent},
        found::{Found, Value},
        path::{Path, Siblings, Token},
    },
    json::{
        Member, Node,
        decimal::{self, Decimal},
    },
    model::DifferenceKind,
    rules::State,
};

/// Bytes of a pointer that are written in one step.
const PATH_BYTES_PER_STEP: usize = 16;

/// As long as a number takes to read, if it is not subtracted.
const MIN_DIGITS: usize = 64;

/// Why a walk ended before its end.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// It took too much work.
    Spent,
    /// There is a difference, and more was not asked.
    Differs,
}

impl From<Spent> for Stop {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}

/// An element of an array with its index and the rules for it.
#[derive(Clone, Debug)]
struct Element<'n> {
    index: usize,
    node: &'n Node<'n>,
    state: State,
}

/// The way through two documents.
#[derive(Debug)]
pub(crate) struct Walk<'n, 'f, 'r> {
    found: &'f mut Found<'r>,
    budget: Budget,
    path: Path<'n>,
    /// Only whether there is a difference is asked.
    quiet: bool,
    /// The work that is granted to the question whether an array has the same elements in another
    /// order.
    hint_budget: Budget,
}

impl<'n, 'f, 'r> Walk<'n, 'f, 'r> {
    /// Adds all differences of two documents to those that were found.
    pub(crate) fn documents(
        found: &'f mut Found<'r>,
        primary: &'n Node<'n>,
        shadow: &'n Node<'n>,
    ) -> Result<(), Spent> {
        let root = found.rules.patterns.root();
        let mut walk = Self::new(found);
        match walk.values(primary, shadow, &root) {
            Err(Stop::Spent) => Err(Spent),
            Ok(()) | Err(Stop::Differs) => Ok(()),
        }
    }

    fn new(found: &'f mut Found<'r>) -> Self {
        Self {
            found,
            budget: Budget::default(),
            path: Path::default(),
            quiet: false,
            hint_budget: Budget::of_hints(),
        }
    }

    fn values(
        &mut self,
        one: &'n Node<'n>,
        other: &'n Node<'n>,
        state: &State,
    ) -> Result<(), Stop> {
        self.budget.spend(1)?;
        let marks = if state.is_empty() {
            None
        } else {
            self.found
                .applied
                .add(self.found.rules.patterns.rules(state));
            Some(self.found.rules.patterns.marks(state))
        };
        if let Some(marks) = &marks {
            if marks.ignore {
                return Ok(());
            }
            if marks.redact && !self.quiet {
                return self.redacted(one, other, state);
            }
        }
        let tolerance = marks.as_ref().and_then(|marks| marks.tolerance.as_ref());
        match (one, other) {
            // Read once, because it is the same in both.
            (Node::Array(ones), Node::Array(others))
                if state.is_empty() && std::ptr::eq(*ones, *others) =>
            {
                self.counted(one)
            }
            (Node::Object(ones), Node::Object(others))
                if state.is_empty() && std::ptr::eq(*ones, *others) =>
            {
                self.counted(one)
            }
            (Node::Array(one), Node::Array(other)) => {
                let unordered = marks.as_ref().is_some_and(|marks| marks.unordered);
                self.arrays(one, other, state, unordered)
            }
            (Node::Object(one), Node::Object(other)) => self.objects(one, other, state),
            _ if self.same_scalar(one, other, tolerance)? => {
                // Within an element of an unordered list this is no more than a try.
                self.found.equal += usize::from(!self.quiet);
                Ok(())
            }
            _ => self.differ(kind(one, other), Some((one, state)), Some((other, state))),
        }
    }

    /// Counts what is in a value that is the same on both sides.
    fn counted(&mut self, node: &Node<'_>) -> Result<(), Stop> {
        if !self.quiet {
            let values = node.values();
            self.budget.spend(values)?;
            self.found.equal += values;
        }
        Ok(())
    }

    fn same_scalar(
        &mut self,
        one: &Node<'_>,
        other: &Node<'_>,
        tolerance: Option<&Decimal>,
    ) -> Result<bool, Spent> {
        Ok(match (one, other) {
            (Node::Null, Node::Null) => true,
            (Node::Bool(one), Node::Bool(other)) => one == other,
            (Node::String(one), Node::String(other)) => {
                self.budget.spend_on(one)?;
                one == other
            }
            (Node::Number(one), Node::Number(other)) => {
                self.budget.spend_on(one)?;
                self.budget.spend_on(other)?;
                let exactly = !self.found.rules.ignore_zero_fraction;
                match tolerance {
                    None => decimal::same(one, other, exactly),
                    Some(tolerance) => one == other || self.within(one, other, tolerance)?,
                }
            }
            _ => false,
        })
    }

    fn within(&mut self, one: &str, other: &str, tolerance: &Decimal) -> Result<bool, Spent> {
        let Some((one, other)) = Decimal::parse(one).zip(Decimal::parse(other)) else {
            return Ok(false);
        };
        // `1e1000` is short, and long to subtract from.
        let digits = one.digits_within(&other, tolerance);
        self.budget.spend_on_digits(digits + MIN_DIGITS)?;
        Ok(one.within(&other, tolerance))
    }

    fn objects(
        &mut self,
        one: &'n [Member<'n>],
        other: &'n [Member<'n>],
        state: &State,
    ) -> Result<(), Stop> {
        self.path.enter(Siblings::Members([one, other]));
        let (mut ones, mut others) = (one.iter().peekable(), other.iter().peekable());
        loop {
            let order = match (ones.peek(), others.peek()) {
                (Some((one, _)), Some((other, _))) => one.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let one = ones.next_if(|_| order.is_le());
            let other = others.next_if(|_| order.is_ge());
            let Some((key, _)) = one.or(other) else {
                break;
            };
            self.budget.spend_on(key)?;
            let below = self.found.rules.patterns.key(state, key);
            self.path.push(Token::Key(key));
            match (one, other) {
                (Some((_, one)), Some((_, other))) => self.values(one, other, &below)?,
                (one, other) => {
                    self.one_sided(
                        one.map(|(_, node)| node),
                        other.map(|(_, node)| node),
                        &below,
                    )?;
                }
            }
            self.path.pop();
        }
        self.path.leave();
        Ok(())
    }

    /// A value that only one of the documents has; [`Self::path`] leads there.
    fn one_sided(
        &mut self,
        one: Option<&'n Node<'n>>,
        other: Option<&'n Node<'n>>,
        state: &State,
    ) -> Result<(), Stop> {
        if !state.is_empty() {
            self.found
                .applied
                .add(self.found.rules.patterns.rules(state));
            if self.found.rules.patterns.marks(state).ignore {
                return Ok(());
            }
        }
        let kind = if one.is_some() {
            DifferenceKind::Missing
        } else {
            DifferenceKind::Extra
        };
        let [one, other] = [one, other].map(|node| node.map(|node| (node, state)));
        self.differ(kind, one, other)
    }

    /// Says only that a value differs: what is in it, its keys among that, is not to be seen.
    fn redacted(
        &mut self,
        one: &'n Node<'n>,
        other: &'n Node<'n>,
        state: &State,
    ) -> Result<(), Stop> {
        if self.same(one, other, state)? {
            self.found.equal += 1;
            return Ok(());
        }
        self.prepare_to_tell()?;
        let kind = if kind(one, other) == DifferenceKind::Type {
            DifferenceKind::Type
        } else {
            DifferenceKind::Value
        };
        self.found.redacted(&self.path, kind, [one, other]);
        Ok(())
    }

    /// Whether two values are the same, under the rules.
    fn same(
        &mut self,
        one: &'n Node<'n>,
        other: &'n Node<'n>,
        state: &State,
    ) -> Result<bool, Spent> {
        let (depth, quiet) = (self.path.depth(), std::mem::replace(&mut self.quiet, true));
        let result = self.values(one, other, state);
        self.quiet = quiet;
        self.path.truncate(depth);
        match result {
            Ok(()) => Ok(true),
            Err(Stop::Differs) => Ok(false),
            Err(Stop::Spent) => Err(Spent),
        }
    }

    fn differ(
        &mut self,
        kind: DifferenceKind,
        one: Value<'_, '_>,
        other: Value<'_, '_>,
    ) -> Result<(), Stop> {
        if self.quiet {
            return Err(Stop::Differs);
        }
        self.prepare_to_tell()?;
        self.found.json(&self.path, kind, one, other);
        Ok(())
    }

    fn lengths_differ(&mut self, one: usize, other: usize) -> Result<(), Stop> {
        if self.quiet {
            return Err(Stop::Differs);
        }
        self.prepare_to_tell()?;
        self.found.lengths(&self.path, one, other);
        Ok(())
    }

    /// Pays for telling a difference: its place is written, and searched for secrets.
    fn prepare_to_tell(&mut self) -> Result<(), Spent> {
        let bytes = self.path.shown_bytes();
        self.budget.spend(bytes / PATH_BYTES_PER_STEP)?;
        Ok(())
    }
}

fn kind(one: &Node<'_>, other: &Node<'_>) -> DifferenceKind {
    if std::mem::discriminant(one) == std::mem::discriminant(other) {
        DifferenceKind::Value
    } else {
        DifferenceKind::Type
    }
}
