//! The smallest program with an actor in it: `cargo run --example hello`
use actors_core::prelude::*;

struct Greeter(u32);

#[actor(capacity = 64)]
impl Greeter {
    #[message(overflow = reject)]
    fn greet(&mut self, name: String) -> String {
        self.0 += 1;
        format!("Hello, {name}! You are guest {}.", self.0)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let greeter = System::new("hello").spawn(Greeter(0));
    println!("{}", greeter.greet("Ada".into()).await?);
    Ok(())
}
