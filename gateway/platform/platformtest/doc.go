// Package platformtest is the suite that every dialect passes: credentials,
// bodies, errors, addresses, manifest, and the exchanges of package spec.
//
// A dialect's test makes a [Subject] and calls [Run] and [Replay]. For what only
// its own platform does there are the parts: [Common] and [Block] for the
// configuration, [Serve] and [Send] for calls over a real connection, [SignOn]
// for a customer's browser, [Orders] for fuzzing and measuring. In the engine's
// place stand [Memory], which keeps the engine's promises in a few lines,
// [Failing], which refuses everything, [Stub] and [Everything]; [Servers] stands in
// it for providers of servers, which [ServeProvider] serves. What a platform's
// own document demands belongs in its exchange files, not here.
//
// Read [Subject] first.
package platformtest
