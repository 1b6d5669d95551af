//! Generates code from the model. The generated code names public traits by their full path, and
//! `actors_core::__private`.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::message::{self, at};
use crate::model::{Actor, Hook, Message};
use crate::names::plain;
use crate::words::ActorWords;
use crate::{block, bounds, check, handle, mail, root};

/// Expands `#[actor(words)] item`.
pub(crate) fn actor(words: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let words = ActorWords::read(words, &mut errors);
    let Some(block) = block::read(item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote! { #item #errors };
    };
    let root = words.root.clone();
    let model = check::check(&block, words, &mut errors);
    let expansion = model.map(|actor| {
        let mistake = handle::mistake(&actor, &mut errors);
        let expansion = expansion(&actor);
        root::settle(quote! { #mistake #expansion }, root.as_ref())
    });
    let errors = errors.into_tokens();
    quote! { #block #expansion #errors }
}

fn expansion(actor: &Actor) -> TokenStream {
    let parts = [
        bounds::one_block(actor),
        bounds::bounds(actor),
        message::structs(actor),
        mail::mail(actor),
        actor_impl(actor),
        handle::handle(actor),
    ];
    let each =
        actor.messages.iter().enumerate().flat_map(|(class, message)| {
            [message::of_method(actor, message), handler(actor, message, class)]
        });
    parts.into_iter().chain(each).collect()
}

fn actor_impl(actor: &Actor) -> TokenStream {
    let (mail, name) = (mail::name(actor), plain(&actor.target.name));
    let generics = &actor.target.generics;
    let (declared, arguments, clause) = (generics.declared(), generics.arguments(), bounds::assumed(actor));
    let words = &actor.words;
    let me = &actor.target.path;
    let (values, pressure) = (&words.values, &words.pressure);
    let started = actor.started.as_ref().map(|hook| started(actor, hook));
    let stopped = actor.stopped.as_ref().map(|hook| stopped(actor, hook));
    quote! {
        #[automatically_derived]
        impl #declared ::actors_core::Actor for #me #clause {
            type Mail = #mail #arguments;
            const NAME: &'static ::core::primitive::str = #name;
            const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new() #values #pressure;
            #started
            #stopped
        }
    }
}

fn started(actor: &Actor, hook: &Hook) -> TokenStream {
    let span = Span::mixed_site();
    let call = hook_call(actor, hook, quote_spanned! { span=> ctx });
    let output = at(hook.output);
    let outcome = quote_spanned! { output=> ::actors_core::__private::outcome(outcome) };
    quote_spanned! { span=>
        const STARTS: ::core::primitive::bool = true;
        #[allow(unused_variables)]
        async fn started(
            &mut self,
            ctx: &mut ::actors_core::Context<Self>,
        ) -> ::core::result::Result<(), ::actors_core::BoxError> {
            let outcome = #call;
            #outcome
        }
    }
}

fn stopped(actor: &Actor, hook: &Hook) -> TokenStream {
    let span = Span::mixed_site();
    let call = hook_call(actor, hook, quote_spanned! { span=> why });
    quote_spanned! { span=>
        #[allow(unused_variables)]
        async fn stopped(&mut self, why: ::actors_core::StopReason) {
            #call
        }
    }
}

fn hook_call(actor: &Actor, hook: &Hook, argument: TokenStream) -> TokenStream {
    let (path, method) = (actor.target.method(&hook.method), &hook.method);
    let span = at(method.span());
    let argument = hook.takes_one.then_some(argument);
    // `self` keeps the hygiene of the surrounding function.
    let this = Ident::new("self", Span::mixed_site());
    let call = quote_spanned! { span=> #path(#this, #argument) };
    if hook.is_async {
        quote_spanned! { span=> ::actors_core::__private::send_future(#call).await }
    } else {
        call
    }
}

fn handler(actor: &Actor, message: &Message, class: usize) -> TokenStream {
    let (mail, variant) = (mail::name(actor), &message.name);
    let (declared, clause) = (actor.target.generics.declared(), bounds::assumed(actor));
    let (ty, own_actor) = (message::path(actor, message), bounds::actor_type(actor));
    let class = Literal::usize_unsuffixed(class);
    let (packed, unpacked) = if message.is_boxed {
        (quote! { ::std::boxed::Box::new(envelope) }, quote! { *envelope })
    } else {
        (quote! { envelope }, quote! { envelope })
    };
    let other = (actor.messages.len() > 1).then(|| quote! { _ => ::core::option::Option::None, });
    let inline = inline(actor, message, &ty);
    // Two handlers that may be for one message are reported where their types are written.
    let head = quote_spanned! { at(ty.span())=> impl #declared ::actors_core::Handler<#ty> for };
    quote! {
        #[automatically_derived]
        #head #own_actor #clause {
            const CLASS: ::core::primitive::usize = #class;
            #inline
            fn pack(envelope: ::actors_core::by_hand::Envelope<#ty>) -> Self::Mail {
                #mail::#variant(#packed)
            }
            fn unpack(mail: Self::Mail) -> ::core::option::Option<::actors_core::by_hand::Envelope<#ty>> {
                match mail {
                    #mail::#variant(envelope) => ::core::option::Option::Some(#unpacked),
                    #other
                }
            }
        }
    }
}

/// Generates how a sender runs the turn itself: a plain `fn` that returns its answer to its end, an
/// `async fn` to its first await.
fn inline(actor: &Actor, message: &Message, ty: &TokenStream) -> Option<TokenStream> {
    if message.is_polled_first() {
        return Some(quote_spanned! { Span::mixed_site()=>
            const FIRST_POLL: ::core::primitive::bool = true;
        });
    }
    if !message.is_inline() {
        return None;
    }
    let call = mail::call(actor, message);
    let body = match mail::check_shared(actor, message) {
        None => call,
        Some(check) => quote_spanned! { Span::mixed_site()=> {
            let reply = #call;
            #check
            reply
        } },
    };
    Some(quote_spanned! { Span::mixed_site()=>
        #[allow(deprecated, unused_variables)]
        const INLINE: ::core::option::Option<
            fn(&mut Self, #ty, &mut ::actors_core::Context<Self>) -> <#ty as ::actors_core::Message>::Reply,
        > = ::core::option::Option::Some(|actor, message, ctx| #body);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the expansion as text with single spaces.
    fn expanded(words: TokenStream, item: TokenStream) -> String {
        actor(words, item).to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn shop() -> TokenStream {
        quote! {
            impl Shop {
                /// Page views.
                #[message(priority = low, overflow = [drop_oldest, block], ttl = "5s")]
                #[cold]
                async fn viewed(&mut self, page: String) { self.views += 1; }
                #[message]
                fn count(&self) -> u64 { not even Rust }
            }
        }
    }

    #[test]
    fn docs_of_a_method_stand_on_the_handle_and_on_the_struct_too() {
        let text = expanded(TokenStream::new(), shop());
        assert_eq!(text.matches("Page views.").count(), 3, "{text}");
        assert_eq!(text.matches("`Shop::count` as a message.").count(), 2, "{text}");
    }

    #[test]
    fn marks_are_taken_away_and_other_attributes_stay_where_they_were() {
        let text = expanded(TokenStream::new(), shop());
        assert!(!text.contains("# [message"), "{text}");
        assert_eq!(text.matches("# [cold]").count(), 1, "{text}");
    }

    #[test]
    fn a_body_is_passed_on_unread() {
        let text = expanded(TokenStream::new(), shop());
        assert!(text.contains("{ not even Rust }"), "{text}");
        assert!(!text.contains("compile_error"), "{text}");
    }

    #[test]
    fn a_policy_says_what_the_words_say_and_nothing_else() {
        let text = expanded(TokenStream::new(), shop());
        let told = ":: actors_core :: policy :: Policy :: tell () . priority (:: actors_core :: Priority :: Low) \
                    . overflow (& [:: actors_core :: policy :: Overflow :: DropOldest , :: actors_core :: policy :: Overflow :: Block]) \
                    . ttl (:: core :: time :: Duration :: from_nanos (5000000000)) ;";
        assert!(text.contains(told), "{text}");
        assert!(text.contains(":: actors_core :: policy :: Policy :: ask () ;"), "{text}");
    }

    #[test]
    fn settings_say_what_the_words_say() {
        let text = expanded(
            quote! { capacity = 1_024, reserve = 8, schedule = weighted(by = time), max_bytes = 9 },
            shop(),
        );
        let settings = "Settings :: new () . capacity (1024) . reserve (8) \
                        . schedule (:: actors_core :: policy :: Schedule :: WeightedByTime) . max_bytes (9) ;";
        assert!(text.contains(settings), "{text}");
        assert!(expanded(TokenStream::new(), shop()).contains("Settings :: new () ;"));
    }

    #[test]
    fn plain_functions_are_delivered_now_and_async_ones_later() {
        let text = expanded(TokenStream::new(), shop());
        let (now, later) = text.split_once("async fn deliver").expect("both are there");
        let (_, now) = now.split_once("fn deliver_now").expect("both are there");
        assert!(
            now.contains("Self :: Count (envelope) =>") && !now.contains("Self :: Viewed (envelope) =>"),
            "{now}"
        );
        assert!(later.contains("send_future (Shop :: viewed"), "{later}");
    }

    #[test]
    fn a_mistake_leaves_its_method_out_and_its_siblings_in() {
        let text = expanded(
            TokenStream::new(),
            quote! {
                impl Shop {
                    #[message] fn bad(&mut self, page: &str) {}
                    #[message] fn good(&mut self) {}
                }
            },
        );
        assert!(text.contains("struct Good") && !text.contains("struct Bad"), "{text}");
        assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    }

    #[test]
    fn what_the_compiler_reports_by_itself_is_left_out_without_a_word() {
        let text = expanded(
            TokenStream::new(),
            quote! {
                impl Shop {
                    #[message] fn vague(&mut self, reply: ReplyTo) {}
                    #[message] fn twice(&mut self, one: u32, one: u32) {}
                    #[message] fn good(&mut self) {}
                    #[message] fn good(&mut self) {}
                }
            },
        );
        assert!(!text.contains("compile_error"), "{text}");
        assert!(!text.contains("struct Vague") && !text.contains("struct Twice"), "{text}");
        assert_eq!(text.matches("struct Good").count(), 1, "{text}");
    }

    #[test]
    fn types_are_checked_where_the_user_wrote_them_before_anything_needs_them() {
        let text = expanded(
            TokenStream::new(),
            quote! {
                impl Shop {
                    #[message] fn viewed(&mut self, page: Box<dyn Page>, at: u64, of: Shelf) -> Cell<u8> {}
                    #[handler] fn ping(&mut self, ping: Ping) {}
                }
            },
        );
        let (before, _) = text.split_once("pub enum").expect("the mail is there");
        let checked = |alias: &str, check: &str, ty: &str| {
            let check = format!(
                "type {alias} = < :: actors_core :: __private :: Checked < {{ :: actors_core :: __private :: {check} :: < {ty} > () }} >"
            );
            assert!(before.contains(&check), "{check} in {text}");
        };
        checked("__ShopViewed_page", "an_argument_is_send", "Box < dyn Page >");
        checked("__ReplyOfShopViewed", "a_reply_is_send", "Cell < u8 >");
        checked("__MessageOfShopPing", "is_a_message", "Ping");
        let asserted = "AMessage for __Shop_with_viewed :: Viewed { }";
        assert!(before.contains(asserted), "only the compiler knows a `Shelf`: {text}");
        let type_names = ["u64", "Shelf"].map(|ty| format!("an_argument_is_send :: < {ty} >"));
        assert!(!type_names.iter().any(|check| text.contains(check)), "{text}");
    }

    #[test]
    fn a_method_with_a_mistake_can_still_be_called_on_the_handle() {
        let text = expanded(
            TokenStream::new(),
            quote! {
                impl Shop {
                    #[message] fn bad(&mut self, page: &str, at: u64, ctx: &mut Context<Self>) {}
                    #[message] async fn worse(&mut self, mut page: (u8, &str)) {}
                }
            },
        );
        assert!(text.contains("fn bad (& self , _ : impl :: core :: marker :: Sized , _ : impl :: core :: marker :: Sized) -> __ShopMistake"), "{text}");
        assert!(
            text.contains("fn worse (& self , _ : impl :: core :: marker :: Sized) -> __ShopMistake"),
            "{text}"
        );
        assert_eq!(text.matches("compile_error").count(), 2, "{text}");
    }

    #[test]
    fn a_message_with_the_name_of_a_runtime_verb_says_that_it_shadows_it() {
        let block = |attribute: TokenStream| quote! { impl Shop { #[#attribute] fn stop(&mut self) {} } };
        let text = expanded(TokenStream::new(), block(quote! { message }));
        assert!(text.contains("every handle has a method `stop`"), "{text}");
        assert!(!expanded(TokenStream::new(), block(quote! { message(shadows) })).contains("compile_error"));
    }
}
