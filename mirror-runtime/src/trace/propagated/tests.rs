use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn headers(all: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        headers.append(name, value.parse().unwrap());
    }
    headers
}

#[test]
fn a_traceparent_is_read_as_the_standard_says() {
    for (version, rest) in [("00", ""), ("01", ""), ("cc", "-what-is-to-come")] {
        let value = format!("{version}-{TRACE}-{SPAN}-03{rest}");
        let parent = TraceParent::parse(&value.parse().unwrap()).unwrap();
        assert_eq!(parent.trace_id.to_string(), TRACE);
        assert_eq!(parent.span_id.to_string(), SPAN);
        assert_eq!(parent.flags, 3);
    }
    for value in [
        String::new(),
        "00".to_owned(),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("00-{TRACE}-{SPAN}"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}0-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("01-{TRACE}-{SPAN}-01more"),
        format!("00_{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}_{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}_01"),
        format!("00-{TRACE}-{SPAN}-0x"),
    ] {
        let parent = TraceParent::parse(&value.parse().unwrap());
        assert!(parent.is_none(), "{value}");
    }
    let twice = format!("00-{TRACE}-{SPAN}-01");
    let twice = headers(&[(TRACEPARENT, &twice), (TRACEPARENT, &twice)]);
    assert!(TraceParent::of(&twice).is_none());
}

#[test]
fn zeros_are_no_context() {
    let (trace, span) = ("0".repeat(32), "0".repeat(16));
    for value in [
        format!("00-{trace}-{SPAN}-01"),
        format!("00-{TRACE}-{span}-01"),
    ] {
        assert!(arrived(&headers(&[(TRACEPARENT, &value)])).is_none());
    }
    let value = format!("00-{TRACE}-{SPAN}-01");
    let context = arrived(&headers(&[(TRACEPARENT, &value)])).unwrap();
    assert_eq!(span_context(&context).unwrap().span_id().to_string(), SPAN);
}

#[test]
fn the_state_of_another_trace_is_not_taken_over() {
    let parent = format!("00-{TRACE}-{SPAN}-03");
    let all = headers(&[(TRACEPARENT, &parent), (TRACESTATE, "a=1")]);
    let before = Before(&all);
    let other = SpanContext::new(
        TraceId::from(7),
        SpanId::from(7),
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    );
    let other = Context::new().with_remote_span_context(other);
    let none = HeaderValue::from_static("");
    assert_eq!(before.with_state(&none, Some(&other)), None);
    let written =
        HeaderValue::from_static("00-00000000000000000000000000000007-0000000000000007-01");
    assert_eq!(before.with_random_flag(&written), None);

    let same = arrived(&headers(&[(TRACEPARENT, &parent)])).unwrap();
    assert_eq!(before.with_state(&none, Some(&same)).unwrap(), "a=1");
    // That of the program comes first, and has the last word on its own key.
    let own = HeaderValue::from_static("mine=2,a=3");
    assert_eq!(before.with_state(&own, Some(&same)).unwrap(), "mine=2,a=3");
}

#[test]
fn the_flag_of_a_random_id_stays_with_its_trace() {
    for (flags, kept) in [
        ("00", None),
        ("01", None),
        ("02", Some("03")),
        ("03", Some("03")),
        ("06", Some("03")),
        ("0a", Some("03")),
        ("f3", Some("03")),
        ("fd", None),
        ("0g", None),
    ] {
        let parent = format!("00-{TRACE}-{SPAN}-{flags}");
        let all = headers(&[(TRACEPARENT, &parent)]);
        let written = HeaderValue::try_from(format!("00-{TRACE}-0000000000000007-01")).unwrap();
        let same = Before(&all).with_random_flag(&written);
        let kept = kept.map(|flags| format!("00-{TRACE}-0000000000000007-{flags}"));
        assert_eq!(
            same.as_ref().map(|value| value.to_str().unwrap()),
            kept.as_deref(),
            "{flags}"
        );
    }
}

#[test]
fn a_state_has_thirty_two_members_at_most() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let many: Vec<_> = (0..40).map(|n| format!("k{n}=1")).collect();
    let many = headers(&[(TRACEPARENT, &parent), (TRACESTATE, &many.join(","))]);
    let same = arrived(&many).unwrap();
    let own = HeaderValue::from_static("mine=1");
    let state = Before(&many).with_state(&own, Some(&same)).unwrap();
    let state = state.to_str().unwrap();
    assert_eq!(state.split(',').count(), 32);
    assert!(state.starts_with("mine=1,k0=1,"));
}
