//! What Open WebUI adds to a question (tokens that the context of every model must hold), and how
//! long its passwords are.
//!
//! Tokens: measured on Open WebUI 0.12.4 with its own tools on, for a question of 4 tokens asked in
//! the browser: a request through the API carries no tools, so it shows none of this. They are
//! those of the small model that was asked; another one's tokenizer makes a few per cent more or
//! less.

use crate::units::Bytes;

/// Its folder for what it keeps for a while: uploads on their way (as many at once as
/// [`super::limits::CHAT`] lets through take an eighth of it), the page's own files, documents that
/// are read. A budget, not a measurement.
pub const SCRATCH: Bytes = Bytes::gib(1);

/// Characters that a password has at least. Length, and no rule that makes people write the same
/// digit at the end.
pub const SHORTEST_PASSWORD: u32 = 12;

/// Tools that go along with a question of an administrator, and of another user.
pub const TOOLS: [u64; 2] = [36, 20];
/// Prompt of an administrator's question with his tools, a body of 24,861 bytes.
pub const TOOLS_OF_ADMINISTRATOR: u64 = 5_809;
/// Prompt of another user's question with his tools, a body of 14,707 bytes.
pub const TOOLS_OF_USER: u64 = 3_334;
/// What has to be left beside the tools: a question with what was said before it, and an answer as
/// long (a judgement: 2,048 tokens are about three pages).
pub const CONVERSATION: u64 = 2_048;

/// The most that is read for a question of a few words without tools. Measured: 11 to 16 tokens
/// (Gemma 3, Qwen 2.5), about 40 with the dates that the template of Llama 3.2 adds; the rest is
/// room for a short system prompt.
pub const QUESTION: u64 = 200;

/// The most tokens that the acceptance test takes for right: with tools, those of an administrator
/// and a tenth for other tokenizers.
pub const fn most_read(tools: bool) -> u64 {
    QUESTION + if tools { TOOLS_OF_ADMINISTRATOR * 11 / 10 } else { 0 }
}
