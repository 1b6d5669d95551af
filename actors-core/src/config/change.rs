//! What a configuration changes in an actor that runs: checked and put into words, before anything
//! is changed.

use super::by_word::ByWord;
use super::write::shown;
use super::{ActorConfig, Configured, Mistakes};
use crate::mailbox::{Class, Present};
use crate::policy::{InvalidPolicy, Settings};
use actors_policy::fields;
use std::borrow::Cow;

/// Changes that a sentence names; a reader of the log needs to know that there were more.
const NAMED_MAX: usize = 12;

/// A change that is possible.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) to: Present,
    /// `capacity = 64 (was 32), messages.Viewed.max = 8 (was nothing)`; empty where nothing
    /// changes.
    pub(crate) sentence: String,
}

/// The settings of an actor that runs, as configuration.
pub(crate) fn present(present: &Present, declared: &[Class]) -> ActorConfig {
    let Present { limits, .. } = present;
    ActorConfig::effective(limits, &Settings::of(limits), &classes(present, declared))
}

/// Works out what becomes of an actor whose type is named `type_name` under a configuration.
///
/// # Errors
/// All mistakes, each with its path. A word that cannot change while the actor runs is one.
pub(crate) fn plan(
    config: &ActorConfig,
    type_name: &str,
    from: &Present,
    declared: &[Class],
) -> Result<Change, Vec<InvalidPolicy>> {
    let mut settings = Settings::of(&from.limits);
    let mut changed = Cow::Owned(classes(from, declared));
    let mut configured = Configured::default();
    configured.apply(config, type_name, &mut settings, &mut changed);
    let mut mistakes = Mistakes(configured.check(&settings, &changed).err().unwrap_or_default());
    let limits = match settings.limits() {
        Ok(limits) => {
            from.limits.check_change(&limits).iter().for_each(|why| mistakes.add_new(why.word(), why));
            limits
        }
        Err(why) => {
            mistakes.add_new(why.word(), &why);
            from.limits
        }
    };
    for (class, policy) in changed.iter().zip(&from.policies) {
        let checked = class.policy.check().and_then(|()| policy.check_change(&class.policy));
        if let Err(why) = checked {
            mistakes.add_new(&format!("messages.{}.{}", class.name(), why.word()), &why);
        }
    }
    mistakes.into_result()?;
    let to = Present { limits, policies: changed.iter().map(|class| class.policy).collect() };
    let sentence = difference(&present(from, declared), &present(&to, declared));
    Ok(Change { to, sentence })
}

fn classes(present: &Present, declared: &[Class]) -> Vec<Class> {
    let with = |(class, policy): (&Class, &_)| Class { policy: *policy, ..*class };
    declared.iter().zip(&present.policies).map(with).collect()
}

/// What differs, in words.
fn difference(before: &ActorConfig, now: &ActorConfig) -> String {
    let mut words = Vec::new();
    compare(&mut words, "", fields::ACTOR, before, now);
    let pressures = (before.pressure.clone().unwrap_or_default(), now.pressure.clone().unwrap_or_default());
    compare(&mut words, "pressure.", fields::PRESSURE, &pressures.0, &pressures.1);
    for (name, now) in &now.messages {
        let before = before.messages.get(name).cloned().unwrap_or_default();
        compare(&mut words, &format!("messages.{name}."), fields::MESSAGE, &before, now);
    }
    let more = words.len().saturating_sub(NAMED_MAX);
    words.truncate(NAMED_MAX);
    let named = words.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn compare<T, C: ByWord>(
    words: &mut Vec<String>,
    path: &str,
    table: &'static [fields::Field<T>],
    before: &C,
    now: &C,
) {
    for field in table {
        let (was, is) = (before.get(field.word), now.get(field.word));
        if was != is {
            let show = |value: Option<fields::Value>| value.as_ref().map_or("nothing".into(), shown);
            words.push(format!("{path}{} = {} (was {})", field.word, show(is), show(was)));
        }
    }
}
