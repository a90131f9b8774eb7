// Package diagnostic is how problems in an operator's files are told: with a
// stable code, the narrowest range, what to write instead, and never with a
// value that the files hold.
//
// A problem that we find ourselves is made by [New] or [Warn]. What HCL finds
// is put into our words by [FromHCL]. Before printing, [Merge] joins what is
// one problem seen many times, and [Sort] puts everything in the order of the
// files. [WriteText] is for people, [WriteJSON] for programs, [WriteGitHub] and
// [WriteSARIF] for what shows problems beside the lines of a change.
//
// The package neither reads files nor knows the language's blocks: it works on
// syntax trees, scopes and ranges. A bug of ours or a dead database is an
// error, not a diagnostic.
//
// What a code means is told by the package explain. Read [Info] first.
package diagnostic
