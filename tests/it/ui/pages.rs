//! Every code has its page and its case, and the page shows what is really said.
