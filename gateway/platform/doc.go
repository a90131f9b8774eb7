// Package platform says what a dialect is: one marketplace's provider API, as
// a [Dialect] that reads its block of the configuration, a [Mount] that serves
// one add-on on that marketplace, and the [Lifecycle] it may ask of the engine.
//
// It also holds the one way in which every dialect meets HTTP: [Decode] and
// [Encode] for bodies, [Credentials] for Basic authentication, [Failures] for
// handlers that return errors, and [Note] for what the request log should say.
// Statuses, field names and error bodies are each dialect's own; so are its
// routes. The listeners are package server's.
//
// Read [Dialect] first, then [Common], then [Failures].
package platform
