//! Comparisons by route.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Paired,
    match_rate::{add, number},
};

/// The most routes that are told apart. A name is at most 256 bytes.
const MAX_ROUTES: usize = 100;

/// The longest name of a route, in bytes.
const MAX_NAME: usize = 256;

/// The row of the routes beyond these.
pub(super) const OTHER: &str = "_other";

/// How many standard deviations apart shadow and baseline are at a route that differ, and not by
/// noise: 1 in 700 routes by chance.
const DEVIATIONS: f64 = 3.0;

/// The comparisons of one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    pub(super) compared: u64,
    /// Those that are evidence.
    pub(super) paired: Paired,
    /// Those in which the baseline differs from the primary.
    pub(super) noisy: u64,
    /// Requests that were sampled and not compared, for whatever reason.
    pub(super) not_compared: u64,
}

/// Comparisons by route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Routes {
    rows: BTreeMap<Box<str>, Route>,
    other: Route,
}

impl Route {
    fn merge(&mut self, more: &Self) {
        add(&mut self.compared, more.compared);
        self.paired.merge(more.paired);
        add(&mut self.noisy, more.noisy);
        add(&mut self.not_compared, more.not_compared);
    }

    /// Comparisons in which the shadow differs, and noise does not explain that. At a route without
    /// noise each is one.
    pub(super) fn differ(&self) -> u64 {
        let Paired { b, c, .. } = self.paired;
        let more = b.saturating_sub(c);
        if self.noisy == 0 {
            b
        } else if number(more) >= DEVIATIONS * number(b.saturating_add(c)).sqrt() {
            more
        } else {
            0
        }
    }

    /// The share of its requests that were compared and do not differ.
    pub(super) fn good(&self) -> f64 {
        let bad = self.differ().saturating_add(self.not_compared);
        let all = self.compared.saturating_add(self.not_compared);
        1.0 - number(bad) / number(all.max(1))
    }
}

impl Routes {
    /// The row of a route; `None` for a request that has none.
    pub(super) fn row(&mut self, route: Option<&str>) -> &mut Route {
        let Some(name) = route else {
            return &mut self.other;
        };
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        if !self.rows.contains_key(name) && self.rows.len() < MAX_ROUTES {
            self.rows.insert(name.into(), Route::default());
        }
        self.rows.get_mut(name).unwrap_or(&mut self.other)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (name, more) in &other.rows {
            self.row(Some(name)).merge(more);
        }
        self.other.merge(&other.other);
    }

    /// Each route of which there was a request.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Route)> {
        let rows = self.rows.iter().map(|(name, route)| (&**name, route));
        let other = (self.other != Route::default()).then_some((OTHER, &self.other));
        rows.chain(other)
    }

    pub(super) fn record(&self) -> RoutesRecord {
        RoutesRecord {
            rows: self.rows.clone(),
            other: self.other,
        }
    }

    pub(super) fn from_record(record: RoutesRecord) -> Result<Self, &'static str> {
        let is_short = |name: &str| name.len() <= MAX_NAME;
        if record.rows.len() > MAX_ROUTES || !record.rows.keys().all(|name| is_short(name)) {
            return Err("too many routes");
        }
        Ok(Self {
            rows: record.rows,
            other: record.other,
        })
    }
}

/// The same as it is serialized.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct RoutesRecord {
    rows: BTreeMap<Box<str>, Route>,
    other: Route,
}

/// The comparisons of one route, as a report shows them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RouteReport {
    /// The route: the path with which the router matched it, or the path of the request with `*`
    /// for what looks like an id. `_other` for all beyond the first 100.
    pub route: String,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that differ, and not as often in the baseline.
    pub differ: u64,
    /// Requests that were sampled and not compared, for whatever reason.
    pub not_compared: u64,
}

impl RouteReport {
    pub(super) fn new((name, route): (&str, &Route)) -> Self {
        Self {
            route: name.to_owned(),
            compared: route.compared,
            differ: route.differ(),
            not_compared: route.not_compared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(n: u64, b: u64, c: u64, noisy: u64, not_compared: u64) -> Route {
        Route {
            compared: n,
            paired: Paired::new(n, b, c),
            noisy,
            not_compared,
        }
    }

    #[test]
    fn a_route_differs_by_more_than_its_noise() {
        for (row, differ) in [
            (route(10, 1, 0, 0, 0), 1),
            (route(10, 10, 0, 0, 0), 10),
            (route(40, 7, 3, 8, 0), 0),
            (route(40, 40, 0, 1, 0), 40),
            (route(1000, 120, 100, 200, 0), 0),
            (route(1000, 300, 100, 200, 0), 200),
        ] {
            assert_eq!(row.differ(), differ, "{row:?}");
        }
    }

    #[test]
    fn what_was_not_compared_is_not_good() {
        assert!((route(90, 0, 0, 0, 10).good() - 0.9).abs() < 1e-9);
        assert!((route(0, 0, 0, 0, 1).good()).abs() < 1e-9);
        assert!((Route::default().good() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn routes_beyond_the_bound_are_one_row() {
        let mut routes = Routes::default();
        for i in 0..300 {
            routes.row(Some(&format!("/r{i}"))).compared += 1;
        }
        routes.row(Some("/r5")).compared += 1;
        routes.row(None).not_compared += 1;
        routes.row(Some(&"x".repeat(1000))).compared += 1;
        let rows: Vec<_> = routes.iter().collect();
        assert_eq!(rows.len(), MAX_ROUTES + 1);
        let (name, other) = rows[MAX_ROUTES];
        assert_eq!((name, other.compared, other.not_compared), (OTHER, 201, 1));
        assert_eq!(rows.iter().map(|(_, row)| row.compared).sum::<u64>(), 302);
    }
}
