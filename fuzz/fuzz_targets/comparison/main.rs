//! Two responses, whatever they are: they are compared without a panic, within bounds, the same
//! both ways, and without showing what is redacted. See `input.rs` for the input.

#![no_main]

mod checks;
mod input;
mod oracle;

use libfuzzer_sys::fuzz_target;

use self::{
    checks::{bounds, secrecy, verdicts},
    input::Input,
};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::read(data) else {
        return;
    };
    oracle::check(&input.primary_body);
    oracle::check(&input.shadow_body);
    let (primary, shadow) = (input.primary(), input.shadow());
    let comparison = input.compare(&primary, &shadow);
    bounds(&comparison);
    if input.has_secret {
        secrecy(&comparison);
    }
    verdicts(&input, &comparison);
});
