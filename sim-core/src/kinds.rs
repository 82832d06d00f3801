//! Clusters of different kinds of node: an enum of nodes that share a message and a timer type.

/// Makes an enum of node types into one node type, so that a load balancer, services and a database live in one
/// world. The kinds share their `Message` and `Timer`; each has its own `Config`, and the enum's configuration is an
/// enum of theirs, named by the second line.
///
/// ```
/// use sim_core::node::{Context, Node};
/// use sim_core::peer::Peer;
///
/// #[derive(Clone, Debug, Hash)]
/// pub enum Message { Ping, Pong }
///
/// pub struct Asker { pub answers: u32 }
/// pub struct Answerer;
///
/// impl Node for Asker {
///     type Config = Peer;
///     type Message = Message;
///     type Timer = ();
///     fn boot(whom: &Peer, ctx: &mut Context<'_, Message, ()>) -> Asker {
///         ctx.send(*whom, Message::Ping);
///         Asker { answers: 0 }
///     }
///     fn on_message(&mut self, _: Peer, _: Message, _: &mut Context<'_, Message, ()>) { self.answers += 1; }
///     fn on_timer(&mut self, (): (), _: &mut Context<'_, Message, ()>) {}
/// }
/// impl Node for Answerer {
///     type Config = ();
///     type Message = Message;
///     type Timer = ();
///     fn boot(_: &(), _: &mut Context<'_, Message, ()>) -> Answerer { Answerer }
///     fn on_message(&mut self, from: Peer, _: Message, ctx: &mut Context<'_, Message, ()>) {
///         ctx.send(from, Message::Pong);
///     }
///     fn on_timer(&mut self, (): (), _: &mut Context<'_, Message, ()>) {}
/// }
///
/// sim_core::node_kinds! {
///     /// Either of the two.
///     pub enum Either {
///         /// Asks.
///         Asker(Asker),
///         /// Answers.
///         Answerer(Answerer),
///     }
///     /// The configuration of either.
///     pub enum EitherConfig;
///     messages Message, timers ();
/// }
/// # let _ = EitherConfig::Asker(Peer::node(1));
/// ```
#[macro_export]
macro_rules! node_kinds {
    (
        $(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$kind_meta:meta])* $kind:ident($node:ty)),+ $(,)? }
        $(#[$config_meta:meta])* $config_vis:vis enum $config:ident;
        messages $message:ty, timers $timer:ty;
    ) => {
        $(#[$meta])*
        $vis enum $name { $($(#[$kind_meta])* $kind($node)),+ }

        $(#[$config_meta])*
        $config_vis enum $config { $($(#[$kind_meta])* $kind(<$node as $crate::node::Node>::Config)),+ }

        impl $crate::node::Node for $name {
            type Config = $config;
            type Message = $message;
            type Timer = $timer;

            fn boot(config: &$config, ctx: &mut $crate::node::Context<'_, $message, $timer>) -> Self {
                match config { $($config::$kind(config) => Self::$kind(<$node as $crate::node::Node>::boot(config, ctx))),+ }
            }
            fn on_message(
                &mut self,
                from: $crate::peer::Peer,
                message: $message,
                ctx: &mut $crate::node::Context<'_, $message, $timer>,
            ) {
                match self { $(Self::$kind(node) => node.on_message(from, message, ctx)),+ }
            }
            fn on_timer(&mut self, timer: $timer, ctx: &mut $crate::node::Context<'_, $message, $timer>) {
                match self { $(Self::$kind(node) => node.on_timer(timer, ctx)),+ }
            }
            fn on_request(
                &mut self,
                request: $crate::node::Request,
                ctx: &mut $crate::node::Context<'_, $message, $timer>,
            ) {
                match self { $(Self::$kind(node) => node.on_request(request, ctx)),+ }
            }
            fn on_synced(
                &mut self,
                sync: $crate::disk::SyncId,
                result: $crate::disk::SyncResult,
                ctx: &mut $crate::node::Context<'_, $message, $timer>,
            ) {
                match self { $(Self::$kind(node) => node.on_synced(sync, result, ctx)),+ }
            }
        }
    };
}
