//! Connections to the targets of mirrors, kept for the next copy.
//!
//! A connection belongs to the runtime that opened it and is given to copies of that runtime only. A copy takes one that
//! is idle, or opens one; there are never more than there were copies in flight at once.

mod connect;
mod http1;
mod http2;
mod idle;
mod origin;
mod stream;
#[cfg_attr(not(feature = "tls"), path = "pool/no_tls.rs")]
mod tls;

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, LazyLock, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use axum::body::Body;
use futures_util::future::Either;
use http::{Request, Response};
use tokio::time::Instant;

pub(crate) use self::origin::Origin;
use self::{
    connect::{connect, within},
    http1::{Http1, NotAnswered, in_origin_form},
    http2::{Http2, in_absolute_form},
    idle::Idle,
};
use crate::{body::CopyBody, copy::in_own_memory, outcome::MirrorError};

/// The connections to one origin.
#[derive(Debug)]
pub(crate) struct Pool {
    origin: Origin,
    idle: Idle,
    /// Whether a server of this origin has chosen HTTP/1.1: then each copy in flight needs a connection of its own.
    chose_http1: AtomicBool,
    /// Held while a connection is opened that others may be able to share.
    opening: tokio::sync::Mutex<()>,
}

/// A connection that a copy can take.
enum Connection {
    Http1(Box<Http1>),
    Http2(Http2),
}

impl Pool {
    /// The connections to an origin, which all its mirrors share.
    pub(crate) fn of(origin: Origin) -> Arc<Self> {
        static POOLS: LazyLock<Mutex<HashMap<Origin, Weak<Pool>>>> = LazyLock::new(Mutex::default);
        if origin.is_tls() {
            tls::prepare();
        }
        // Locked when mirrors are built, and not by requests.
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&origin).and_then(Weak::upgrade) {
            return pool;
        }
        pools.retain(|_, pool| pool.strong_count() > 0);
        let pool = Arc::new(Self {
            origin: origin.clone(),
            idle: Idle::default(),
            chose_http1: AtomicBool::new(false),
            opening: tokio::sync::Mutex::default(),
        });
        pools.insert(origin, Arc::downgrade(&pool));
        pool
    }

    /// Sends a copy, and returns the head of its answer.
    pub(crate) async fn send(
        self: Arc<Self>,
        mut copy: Request<CopyBody>,
    ) -> Result<Response<Body>, MirrorError> {
        // Until an idle connection turns out to be open, or there is none left.
        while let Some(connection) = self.idle.take() {
            let is_shared = matches!(connection, Connection::Http2(_));
            if is_shared {
                // It may be kept until the connection can take it.
                in_own_memory(&mut copy);
            }
            match self.send_over(connection, copy).await {
                Ok(answer) => return Ok(answer),
                Err(NotAnswered::NotSent(unsent)) => {
                    copy = *unsent;
                    if is_shared {
                        // It takes no more, and may not know yet that it is closed: nobody should try it again.
                        self.idle.forget_shared();
                    }
                }
                Err(NotAnswered::Failed(error)) => return Err(error),
            }
        }
        // In a box: it is many times as large as what most copies need.
        Box::pin(self.send_over_new(copy)).await
    }

    /// Sends a copy over a connection that is opened for it.
    async fn send_over_new(
        self: &Arc<Self>,
        mut copy: Request<CopyBody>,
    ) -> Result<Response<Body>, MirrorError> {
        in_own_memory(&mut copy);
        let connection = self.open().await?;
        let answer = self.send_over(connection, copy).await;
        answer.map_err(|not_answered| match not_answered {
            NotAnswered::Failed(error) => error,
            NotAnswered::NotSent(_) => MirrorError::Request("the connection was closed".into()),
        })
    }

    /// Sends a copy over a connection. Not an `async fn`, whose future would have room for the copy twice.
    fn send_over(
        self: &Arc<Self>,
        connection: Connection,
        mut copy: Request<CopyBody>,
    ) -> impl Future<Output = Result<Response<Body>, NotAnswered>> + use<> {
        match connection {
            Connection::Http1(connection) => {
                in_origin_form(&mut copy, self);
                Either::Left(connection.send(copy, Arc::clone(self)))
            }
            Connection::Http2(connection) => {
                in_absolute_form(&mut copy, &self.origin);
                Either::Right(connection.send(copy))
            }
        }
    }

    /// Opens a connection, or shares one that another copy has opened meanwhile.
    async fn open(self: &Arc<Self>) -> Result<Connection, MirrorError> {
        let until = Instant::now() + self.origin.connect_timeout;
        let mut turn = None;
        if self.may_share() {
            let opened = async { Ok(self.opening.lock().await) };
            turn = Some(within(until, opened, MirrorError::Connect).await?);
            if let Some(connection) = self.idle.take_shared() {
                return Ok(connection);
            }
        }
        if !self.may_share() {
            // The one before has found out that there is nothing to share.
            drop(turn.take());
        }
        let connected = connect(&self.origin, until).await?;
        if connected.http2 {
            let http2 = Http2::new(connected).await?;
            self.idle.share(http2.clone(), self);
            Ok(Connection::Http2(http2))
        } else {
            self.chose_http1.store(true, Relaxed);
            Ok(Connection::Http1(Box::new(Http1::new(connected).await?)))
        }
    }

    fn may_share(&self) -> bool {
        self.origin.is_tls() && !self.origin.http1_only && !self.chose_http1.load(Relaxed)
    }

    /// Takes a connection back.
    fn keep(self: &Arc<Self>, connection: Box<Http1>) {
        self.idle.keep(connection, self);
    }
}
