// Package backendtest is the suite that every backend plugin runs: it calls a
// Backend through a real gRPC connection and checks what the contract promises
// about repeats, absent resources, schemas, secrets, cancellation and data that
// is kept for a while.
//
//	func TestContract(t *testing.T) {
//		backendtest.Run(t, backendtest.Subject{
//			Backend: mine.New(),
//			Config:  backend.NewValue(…),
//			Op:      func(t *testing.T) backend.Op { return backend.Op{Plan: …} },
//		})
//	}
//
// A backend that must survive the death of its process runs [Crash] too, which
// kills real plugin processes at every step and tells in a table what that cost.
//
// The suite makes and removes real resources wherever the configuration points. What
// only the author can know (that a database is really usable, that a stranger
// cannot get in) stays the author's to test. Read Subject first.
package backendtest
