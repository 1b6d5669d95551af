//! `local`, for a block inside a function: the structs stand next to the block, not in a module.

struct Echo;

#[actor(local)]
impl Echo {
    #[message]
    fn say(&mut self, text: String) -> String {
        text
    }
}
