//! What is measured: who serves, against which shadow, under which load.

use serde::Serialize;

/// Who serves the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) enum Primary {
    Plain,
    Mirror,
    Reqwest,
    HyperUtil,
    Nginx,
    Envoy,
}

impl Primary {
    pub(crate) const NAMES: [&'static str; 6] = [
        "plain",
        "mirror",
        "by hand, reqwest",
        "by hand, hyper-util",
        "nginx",
        "envoy",
    ];

    /// Those that mirror within the app's own process.
    pub(crate) const IN_PROCESS: [Self; 3] = [Self::Mirror, Self::Reqwest, Self::HyperUtil];

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether it is a proxy, in front of a plain primary.
    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Self::Nginx | Self::Envoy)
    }
}

/// What the shadow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) enum Shadow {
    /// Responds at once, with a small body.
    Fast,
    /// Responds after 200 ms.
    Slow,
    /// Reads requests and never responds.
    Silent,
    /// Refuses connections.
    Dead,
}

impl Shadow {
    pub(crate) const ALL: [Self; 4] = [Self::Fast, Self::Slow, Self::Silent, Self::Dead];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "200 ms",
            Self::Silent => "silent",
            Self::Dead => "dead",
        }
    }
}

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) enum Load {
    /// Each connection sends its next request when it has the response to its last.
    Saturated,
    /// So many requests a second, whatever the responses do; a latency counts from the moment at
    /// which the request was due.
    Steady(u32),
}

/// A load that leaves the machine idle most of the time.
pub(crate) const STEADY: Load = Load::Steady(2000);

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) struct Scenario {
    pub(crate) primary: Primary,
    pub(crate) shadow: Shadow,
    pub(crate) percentage: u32,
    /// Bytes of the body; 0 is a `GET`.
    pub(crate) payload: usize,
    pub(crate) load: Load,
    pub(crate) connections: usize,
    pub(crate) targets: usize,
    /// Mirrored handlers in the program.
    pub(crate) handlers: usize,
    /// The length of it, in lengths of a measurement.
    pub(crate) times: u32,
}

impl Scenario {
    /// `POST`s of 1 KiB over 32 connections, copied to one target.
    pub(crate) const fn new(primary: Primary, shadow: Shadow) -> Self {
        Self {
            primary,
            shadow,
            percentage: 100,
            payload: 1 << 10,
            load: Load::Saturated,
            connections: 32,
            targets: 1,
            handlers: 1,
            times: 1,
        }
    }

    /// The same at a rate that leaves the machine idle most of the time. It takes twice as long,
    /// for enough responses.
    pub(crate) const fn steady(primary: Primary, shadow: Shadow) -> Self {
        Self {
            load: STEADY,
            times: 2,
            ..Self::new(primary, shadow)
        }
    }

    /// The same without copies: of a peer, the peer that passes on; of the others, the plain
    /// primary, which is measured once more for each shadow, because a machine's mood changes
    /// within a round.
    pub(crate) const fn unmirrored(self) -> Self {
        let (primary, shadow) = match self.primary {
            Primary::Nginx | Primary::Envoy => (self.primary, Shadow::Fast),
            _ => (Primary::Plain, self.shadow),
        };
        Self {
            primary,
            shadow,
            percentage: 0,
            targets: 1,
            ..self
        }
    }

    /// The bound on copies in flight to a target: the default, and for many connections so many
    /// that none is shed, because the cost of one that is shed would be counted as that of one that
    /// was sent.
    pub(crate) fn max_in_flight(self) -> usize {
        256.max(self.connections * 4)
    }

    /// Copies of a request.
    pub(crate) fn copies(self) -> f64 {
        if self.primary == Primary::Plain {
            return 0.0;
        }
        let targets = u32::try_from(self.targets).unwrap_or(u32::MAX);
        f64::from(self.percentage) / 100.0 * f64::from(targets)
    }
}
