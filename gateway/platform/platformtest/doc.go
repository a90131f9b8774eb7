// Package platformtest is the suite that every dialect passes: credentials,
// bodies, errors, addresses, manifest, and the exchanges of package spec.
//
// A dialect's test makes a [Subject] and calls [Run] and [Replay]. [Memory] is
// the engine's promise in a few lines, for tests that need answers; [Failing]
// is an engine that refuses everything. What a platform's own document demands
// belongs in its exchange files, not here.
//
// Read [Subject] first.
package platformtest
