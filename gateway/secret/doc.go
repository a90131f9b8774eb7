// Package secret keeps secrets out of sight and off the disk in clear:
//
//   - [Value] is text that does not print. Code that needs the text calls
//     Reveal, so a search for Reveal finds every use.
//   - [Redactor] removes known secrets from text that somebody else wrote, such
//     as the error of a database; [RedactingHandler] does so for every log record.
//   - [Sealer] encrypts what is stored. Its data keys lie in the store too,
//     wrapped under the operator's keys ([Key]), so an operator's key can be
//     replaced without rewriting a row.
//
// The package does not read configuration and knows no store: [KeysetStore] is
// what a store offers it. Where secrets come from is decided elsewhere.
//
// Read [Value] first, then [OpenSealer].
package secret
