//! An ask that is answered later, through `ReplyTo`. The context is the last parameter.

struct Desk {
    open: Vec<ReplyTo<u64>>,
}

#[actor]
impl Desk {
    #[message]
    fn question(&mut self, n: u32, reply: ReplyTo<u64>, ctx: &mut Context<Self>) {
        if n == 0 {
            ctx.stop();
        }
        self.open.push(reply);
    }
}
