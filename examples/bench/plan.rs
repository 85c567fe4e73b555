//! All that is measured in a round, in its order.

use super::scenario::{Load, Primary, Scenario, Shadow};

/// A load that leaves the machine idle most of the time.
pub(crate) const STEADY: Load = Load::Steady(2000);

/// Connections, targets and handlers over which the cost of a copy must be flat.
pub(crate) const CONNECTIONS: [usize; 4] = [1, 16, 32, 256];
pub(crate) const TARGETS: [usize; 4] = [1, 2, 4, 8];
pub(crate) const HANDLERS: [usize; 3] = [10, 100, 1000];

/// The lengths of bodies.
pub(crate) const PAYLOADS: [usize; 3] = [0, 1 << 10, 64 << 10];

/// The scenarios of a round; what is compared stands close together.
pub(crate) fn round(quick: bool, peers: &[Primary]) -> Vec<Scenario> {
    let mut plan = Vec::new();
    for payload in PAYLOADS {
        if quick && payload != 1 << 10 {
            continue;
        }
        saturated(&mut plan, payload, quick, peers);
    }
    steady(&mut plan, peers);
    flatness(&mut plan, quick);
    plan.sort_by_key(|scenario| (scenario.load != Load::Saturated, scenario.handlers));
    plan.dedup();
    plan
}

fn saturated(plan: &mut Vec<Scenario>, payload: usize, quick: bool, peers: &[Primary]) {
    let scenario = |primary, shadow, percentage| Scenario {
        percentage,
        payload,
        ..Scenario::new(primary, shadow)
    };
    for primary in Primary::IN_PROCESS {
        plan.push(scenario(primary, Shadow::Fast, 0));
    }
    for shadow in Shadow::ALL {
        plan.push(scenario(Primary::Plain, shadow, 0));
        for percentage in [10, 100] {
            if quick && percentage != 100 {
                continue;
            }
            for primary in Primary::IN_PROCESS {
                plan.push(scenario(primary, shadow, percentage));
            }
        }
    }
    for peer in peers {
        plan.push(scenario(*peer, Shadow::Fast, 0));
        plan.extend(Shadow::ALL.map(|shadow| scenario(*peer, shadow, 100)));
    }
}

fn steady(plan: &mut Vec<Scenario>, peers: &[Primary]) {
    let mut add = |primary, shadow| {
        let scenario = Scenario {
            load: STEADY,
            times: 2,
            ..Scenario::new(primary, shadow)
        };
        if !plan.contains(&scenario.unmirrored()) {
            plan.push(scenario.unmirrored());
        }
        plan.push(scenario);
    };
    for shadow in Shadow::ALL {
        for primary in Primary::IN_PROCESS.iter().chain(peers) {
            add(*primary, shadow);
        }
    }
}

/// As many copies to several targets as to one.
pub(crate) fn to(targets: usize) -> Scenario {
    let base = Scenario::new(Primary::Mirror, Shadow::Fast);
    let percentage = base.percentage / u32::try_from(targets).unwrap_or(1);
    Scenario {
        percentage,
        targets,
        ..base
    }
}

fn flatness(plan: &mut Vec<Scenario>, quick: bool) {
    let base = Scenario::new(Primary::Mirror, Shadow::Fast);
    let ends = |all: &[usize]| match all {
        [first, .., last] if quick => vec![*first, *last],
        all => all.to_vec(),
    };
    let mut add = |scenario: Scenario| {
        for scenario in [scenario.unmirrored(), scenario] {
            if !plan.contains(&scenario) {
                plan.push(scenario);
            }
        }
    };
    for connections in ends(&CONNECTIONS) {
        add(Scenario {
            connections,
            ..base
        });
    }
    for targets in ends(&TARGETS) {
        add(to(targets));
    }
    for handlers in ends(&HANDLERS) {
        add(Scenario { handlers, ..base });
    }
}
