// RON is Rust's own notation: its blocks are coloured as Rust's are.
hljs.registerAliases("ron", { languageName: "rust" });
for (const block of document.querySelectorAll("code.language-ron")) {
    hljs.highlightBlock(block);
}
