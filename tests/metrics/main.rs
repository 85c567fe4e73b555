//! Metrics, as who reads them does: scraped over a real socket and parsed, checked by `promtool`,
//! and asked for by the files in `contrib`.

mod client;
mod comparing;
mod contrib;
mod counting;
mod example;
mod names;
mod promtool;
mod recorders;
mod routes;
mod scrape;
mod switch;
mod table;
mod unchanged;
