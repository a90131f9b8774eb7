// Package lifecycle is the durable engine: it turns orders into operations,
// operations into backend calls, and the calls' results into what platforms
// are told. A resource is neither lost nor made twice, whatever dies when.
//
// The operations table is intent log, outbox and queue at once. A request
// writes the resource and its operation in one transaction ("running", owned
// by this node), calls the backend, and finishes both in a second transaction
// that is refused unless this node still owns the operation. Workers do the
// rest: what a dead gateway left, retries, what waits for a free slot, and
// deprovisions. Both paths go through [Engine] execute.
//
// The rules that everything here keeps:
//
//   - Record, act, record. No backend call without a committed intent.
//   - The same operation id goes with every repeat, and the same input, which
//     is evaluated once and stored sealed.
//   - An unknown outcome is never a failure: the call is repeated.
//   - A failed provision enqueues its own clean-up.
//   - What a backend keeps of a removed resource is purged when it is due.
//   - Quotas are counted in the transaction that records an order.
//   - A resource is suspended, or is not, from the moment that this is recorded;
//     its backend follows. See suspend.go.
//   - Credentials end only once the platform has others, and a grace is over. See
//     rotate.go.
//   - What a platform was promised is recorded before it is promised, and the
//     call that keeps the promise with the result. See accepted.go.
//
// Three kinds of operations call not a backend but the platform's own API, in
// lanes and with workers of their own: complete, which tells that a promised
// resource is there; fetch_owner, once a resource was delivered; and push, which
// sends the config vars that neither an answer nor a completion delivered. They
// never run while the order is answered. See platform_call.go.
//
// Servers that are rented, and the keys that they are reached with, are resources
// of kinds of their own. What makes, changes and removes them are actions of a
// backend, called with the credentials of whoever ordered, which are in memory
// only. Nothing but a key that a backend keeps is ever waited for. See servers.go
// and credentials.go.
//
// It names no platform, reads no HCL and speaks no SQL: see [Catalog],
// [Backends], [Platforms] and [Store] for what it asks of its neighbours. Read
// resource_state.go and operation_state.go first, then execute.go.
package lifecycle
