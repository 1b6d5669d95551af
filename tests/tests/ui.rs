//! What the macros accept, and the errors for what they do not accept.
//!
//! Every file in `ui/fail` is named after the rule that it breaks; the `.stderr` beside it is what
//! the user reads, and must name the user's own token and say what to write instead. Every file in
//! `ui/pass` compiles without a warning. After a change of a message: `TRYBUILD=overwrite cargo
//! test -p actors-tests --test ui`, and read the difference.

#[test]
fn mistakes_are_reported_where_they_are_and_sound_actors_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
