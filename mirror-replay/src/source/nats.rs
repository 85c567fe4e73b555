//! A stream of NATS.

use std::{collections::BTreeMap, sync::Arc};

use mirror_fleet::{Connection, NatsReader, ReaderOptions};
use mirror_record::Record;
use serde::{Deserialize, Serialize};

use super::{Delivery, Source, SourceError};

/// The records of a mirror in a stream of NATS, which several replayers can share.
#[derive(Debug)]
pub struct Nats {
    reader: NatsReader,
    size: u64,
    /// How often those were begun that are not settled.
    begun: BTreeMap<u64, u32>,
    before: BTreeMap<u64, u32>,
}

/// What is kept here: the rest is kept by the server.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    begun: BTreeMap<u64, u32>,
}

impl Nats {
    /// Opens the stream. How often records were begun is taken from a position that was kept.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no such stream, or it cannot be reached.
    pub async fn open(
        connection: &Connection,
        options: &ReaderOptions,
        position: Option<&serde_json::Value>,
    ) -> Result<Self, SourceError> {
        let position = position.and_then(|position| Position::deserialize(position).ok());
        let reader = NatsReader::open(connection, options).await;
        let reader = reader.map_err(|error| SourceError(error.to_string()))?;
        Ok(Self {
            size: reader.size(),
            reader,
            begun: BTreeMap::new(),
            before: position.unwrap_or_default().begun,
        })
    }
}

impl Source for Nats {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        let read = self.reader.next().await;
        let Some(read) = read.map_err(|error| SourceError(error.to_string()))? else {
            return Ok(None);
        };
        let record = Record::decode(&read.payload);
        Ok(Some(Delivery {
            token: read.sequence,
            record: record
                .map(Arc::new)
                .map_err(|error| format!("message {}: {error}", read.sequence)),
            // One that was only held for sorting was handed out as well: that it was begun counts.
            deliveries: self.before.get(&read.sequence).copied().unwrap_or(0) + 1,
            weight: 1,
        }))
    }

    fn is_idle(&self) -> bool {
        self.reader.is_idle()
    }

    fn start(&mut self, delivery: &Delivery) {
        self.begun.insert(delivery.token, delivery.deliveries);
    }

    fn ack(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.ack(delivery.token);
    }

    fn nak(&mut self, delivery: &Delivery) {
        self.reader.nak(delivery.token);
    }

    fn term(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.term(delivery.token);
    }

    fn position(&self) -> Option<serde_json::Value> {
        serde_json::to_value(Position {
            begun: self.begun.clone(),
        })
        .ok()
    }

    async fn commit(&mut self) -> Result<(), SourceError> {
        let told = self.reader.commit().await;
        told.map_err(|error| SourceError(error.to_string()))
    }

    async fn close(&mut self, is_over: bool) {
        if is_over {
            self.reader.remove_consumers().await;
        } else {
            self.reader.give_back().await;
        }
    }

    fn size(&self) -> u64 {
        self.size
    }
}
