//! Whether an argument takes the body of the request, which is known while the program is compiled.

use std::marker::PhantomData;

use axum::extract::FromRequest;

/// The type of an argument.
#[derive(Debug)]
pub struct Argument<T>(PhantomData<T>);

impl<T: FromRequest<()>> Argument<T> {
    /// It takes the whole request. This constant counts before the one of [`TakesBody`], where it
    /// is there.
    pub const TAKES_BODY: bool = true;
}

/// What is known of a type that takes the parts of a request, or that is no extractor.
pub trait TakesBody {
    /// It does not.
    const TAKES_BODY: bool = false;
}

impl<T> TakesBody for Argument<T> {}
