// Package explain has a page for every diagnostic code: what it means, a wrong
// and a right example, and what to do. The pages are Markdown files beside this
// one, called after their code; "addongw explain" prints them.
//
// Every code that the sources use has a page, and the examples are loaded by a
// test: the wrong one must produce its code, the right one nothing. "# …" in an
// example stands for what else belongs there; the test fills it in.
//
// Standard library only. Read AG302.md first, then [Page].
package explain
