//! All that is measured in a round, in its order.

use super::{
    options::Extent,
    scenario::{Load, Primary, Scenario, Shadow},
};

/// The lengths of bodies.
pub(crate) const PAYLOADS: [usize; 3] = [0, 1 << 10, 64 << 10];

/// The scenarios of a round; what is compared stands close together.
pub(crate) fn round(extent: Extent, peers: &[Primary]) -> Vec<Scenario> {
    match extent {
        Extent::Goals => return of_goals(),
        Extent::Row(_) => return Vec::new(),
        Extent::Whole | Extent::Quick => {}
    }
    let quick = extent == Extent::Quick;
    let mut plan = Vec::new();
    for payload in PAYLOADS {
        if quick && payload != 1 << 10 {
            continue;
        }
        saturated(&mut plan, payload, quick, peers);
    }
    plan.extend(steady(peers));
    plan.sort_by_key(|scenario| (scenario.load != Load::Saturated, scenario.handlers));
    plan.dedup();
    plan
}

/// Of which a figure with a goal comes that no turns are taken for.
fn of_goals() -> Vec<Scenario> {
    let mut plan = Vec::new();
    for (shadow, payload) in [
        (Shadow::Fast, 1 << 10),
        (Shadow::Silent, 1 << 10),
        (Shadow::Silent, 64 << 10),
    ] {
        plan.extend([Primary::Mirror, Primary::Reqwest].map(|primary| Scenario {
            payload,
            ..Scenario::new(primary, shadow)
        }));
    }
    beside_unmirrored(plan)
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

fn steady(peers: &[Primary]) -> Vec<Scenario> {
    let primaries = || Primary::IN_PROCESS.iter().chain(peers);
    beside_unmirrored(
        Shadow::ALL
            .into_iter()
            .flat_map(|shadow| primaries().map(move |primary| Scenario::steady(*primary, shadow))),
    )
}

/// Who copies to a fast shadow, saturated: what a copy costs.
pub(crate) fn cost() -> Vec<Scenario> {
    let mirrored = [Primary::Mirror, Primary::Reqwest];
    beside_unmirrored(mirrored.map(|primary| Scenario::new(primary, Shadow::Fast)))
}

/// The mirror, saturated.
pub(crate) fn throughput(shadow: Shadow) -> Vec<Scenario> {
    beside_unmirrored([Scenario::new(Primary::Mirror, shadow)])
}

/// The mirror, at a steady rate.
pub(crate) fn latency(shadow: Shadow) -> Vec<Scenario> {
    beside_unmirrored([Scenario::steady(Primary::Mirror, shadow)])
}

/// Over more and more connections: saturated, or at a steady rate.
pub(crate) fn connections(of: Scenario) -> Vec<Scenario> {
    beside_unmirrored([1, 16, 32, 256].map(|connections| Scenario { connections, ..of }))
}

/// As many copies to more and more targets.
pub(crate) fn targets() -> Vec<Scenario> {
    beside_unmirrored([1_u8, 2, 4, 8].map(|targets| Scenario {
        percentage: 100 / u32::from(targets),
        targets: targets.into(),
        ..Scenario::new(Primary::Mirror, Shadow::Fast)
    }))
}

/// Among more and more mirrored handlers in one program.
pub(crate) fn handlers() -> Vec<Scenario> {
    beside_unmirrored([10, 100, 1000].map(|handlers| Scenario {
        handlers,
        ..Scenario::new(Primary::Mirror, Shadow::Fast)
    }))
}

/// All that takes turns.
pub(crate) fn in_turns(extent: Extent) -> Vec<Vec<Scenario>> {
    let throughputs = [Shadow::Silent, Shadow::Slow, Shadow::Dead].map(throughput);
    let by_row = [
        (5, vec![cost()]),
        (
            12,
            vec![
                connections(Scenario::new(Primary::Mirror, Shadow::Fast)),
                connections(Scenario::new(Primary::Reqwest, Shadow::Fast)),
                connections(Scenario::steady(Primary::Mirror, Shadow::Fast)),
                targets(),
                handlers(),
            ],
        ),
        (6, throughputs.into()),
        (7, Shadow::ALL.map(latency).into()),
    ];
    let wanted = |row| !matches!(extent, Extent::Row(only) if only != row);
    by_row
        .into_iter()
        .filter(|(row, _)| wanted(*row))
        .flat_map(|(_, groups)| groups)
        .collect()
}

fn beside_unmirrored(mirrored: impl IntoIterator<Item = Scenario>) -> Vec<Scenario> {
    let mut group: Vec<Scenario> = Vec::new();
    for scenario in mirrored {
        for scenario in [scenario.unmirrored(), scenario] {
            if !group.contains(&scenario) {
                group.push(scenario);
            }
        }
    }
    group
}
