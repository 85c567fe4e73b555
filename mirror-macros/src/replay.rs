//! `replay!`: a test for each fixture of a directory.

use std::{collections::BTreeSet, fs, io, path};

use mirror_grammar::{check_fixture, is_fixture_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{
    Expr, LitStr, Path, Token,
    parse::{Parse, ParseStream, Parser},
};

use crate::{
    error::{Errors, error, error_with_help},
    runtime::Runtime,
};

/// What stands in the brackets.
struct Args {
    directory: LitStr,
    app: Expr,
    runtime: Runtime,
}

/// A fixture, and the name of its test.
struct Fixture {
    name: String,
    test: Ident,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mistake = || {
            let help = "write `replay!(\"mirror-fixtures\", app)`";
            error_with_help(
                input.cursor().token_stream(),
                "`replay!` takes a directory and an app",
                help,
            )
        };
        let directory = input.parse().map_err(|_| mistake())?;
        input.parse::<Token![,]>().map_err(|_| mistake())?;
        let app = input.parse()?;
        let mut runtime = Runtime::default();
        if input.parse::<Option<Token![,]>>()?.is_some() && input.peek(Token![crate]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            runtime = Runtime::from(input.call(Path::parse_mod_style)?);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(Self {
            directory,
            app,
            runtime,
        })
    }
}

/// The macro: `input` is what stands in its brackets, and `package` is the directory of the
/// package.
pub(crate) fn replay(input: TokenStream, package: &path::Path) -> TokenStream {
    let mut errors = Errors::default();
    let args = errors.check(Args::parse.parse2(input));
    let fixtures = args
        .as_ref()
        .map(|args| fixtures(args, package, &mut errors));
    match (args, fixtures, errors.into_compile_errors()) {
        (Some(args), Some(fixtures), None) => expansion(&args, &fixtures),
        (_, _, mistakes) => mistakes.unwrap_or_default(),
    }
}

fn fixtures(args: &Args, package: &path::Path, errors: &mut Errors) -> Vec<Fixture> {
    let directory = args.directory.value();
    if directory.is_empty() || path::Path::new(&directory).is_absolute() {
        let message = "the directory must be a path in the package";
        errors.push(error_with_help(
            &args.directory,
            message,
            "write `\"mirror-fixtures\"`",
        ));
        return Vec::new();
    }
    let names = match names(&package.join(&directory)) {
        Ok(names) => names,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            // It may come, and then it is read at run time.
            return Vec::new();
        }
        Err(cause) => {
            let message = format!("cannot read the directory `{directory}`: {cause}");
            errors.push(error(&args.directory, message));
            return Vec::new();
        }
    };
    let mut taken = BTreeSet::new();
    for name in &names {
        let path = package.join(&directory).join(name);
        let mistake = match fs::read(path) {
            Err(cause) => format!("cannot read the fixture `{directory}/{name}`: {cause}"),
            Ok(file) => match check_fixture(&file) {
                Err(cause) => format!("`{directory}/{name}` is not a fixture: {cause}"),
                Ok(()) => continue,
            },
        };
        errors.push(error(&args.directory, mistake));
    }
    let test = |name: String| {
        let stem = name.trim_end_matches(".json");
        let test = test_name(stem, &mut taken);
        Fixture { name, test }
    };
    names.into_iter().map(test).collect()
}

/// The files of a directory that are fixtures, in order.
fn names(directory: &path::Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        // A name that is not Unicode is none that was given by a mirror.
        if let Ok(name) = entry?.file_name().into_string()
            && is_fixture_name(&name)
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A name for a test that no other has.
fn test_name(stem: &str, taken: &mut BTreeSet<String>) -> Ident {
    let plain = snake_case(stem);
    let mut name = plain.clone();
    let mut number = 1;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{plain}_{number}");
    }
    Ident::new(&name, Span::call_site())
}

/// A text as the name of a function.
fn snake_case(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_matches('_');
    if syn::parse_str::<Ident>(name).is_ok() {
        name.to_owned()
    } else {
        format!("fixture_{name}")
    }
}

/// Says, among the tests that are ignored, that nothing is replayed.
fn none(directory: &LitStr) -> TokenStream {
    let directory = directory.value();
    let name = format!("no_fixtures_in_{}", snake_case(&directory));
    let name = Ident::new(&name, Span::call_site());
    let reason = format!(
        "nothing is replayed: record mismatches into `{directory}` with `MIRROR_RECORD={directory}`"
    );
    quote! {
        #[test]
        #[ignore = #reason]
        fn #name() {}
    }
}

fn expansion(args: &Args, fixtures: &[Fixture]) -> TokenStream {
    let Args {
        directory,
        app,
        runtime,
    } = args;
    let tests = fixtures.iter().map(|Fixture { name, test }| {
        let path = format!("{}/{name}", directory.value());
        // Included, so that the tests are built anew when it changes.
        quote! {
            #[::tokio::test]
            async fn #test() {
                #runtime::__private::replay(
                    #path,
                    ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #path)),
                    #app,
                )
                .await;
            }
        }
    });
    let others = format!("{}_without_a_test", snake_case(&directory.value()));
    let others = Ident::new(&others, Span::call_site());
    let none = fixtures.is_empty().then(|| none(directory));
    let known = fixtures.iter().map(|fixture| &fixture.name);
    quote! {
        #(#tests)*
        #none
        #[::tokio::test]
        async fn #others() {
            #runtime::__private::replay_others(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #directory),
                &[#(#known),*],
                || #app,
            )
            .await;
        }
    }
}
